import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const withdraw = defineVerb({
  name: "plugin withdraw",
  usage: "PLUGIN [PLUGIN...]",
  summary: "Offer plugins to other engines no longer",
  args: { min: 1 },
  flags: {},
  run: (context, plugins) =>
    forEachArgument(context, plugins, async (plugin) => {
      await context.client.run({
        method: "POST",
        path: `${objectPath("plugin", plugin)}/withdraw`,
        signal: context.signal,
      });
      printLine(context.out, plugin);
    }),
});
