import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const rm = defineVerb({
  name: "plugin rm",
  aliases: ["plugin remove"],
  usage: "[OPTIONS] PLUGIN [PLUGIN...]",
  summary: "Remove one or more plugins",
  args: { min: 1 },
  flags: { force: toggle("Force the removal of an active plugin", { short: "f" }) },
  run: (context, args, { force }) =>
    forEachArgument(context, args, async (name) => {
      await context.client.run({
        method: "DELETE",
        path: objectPath("plugin", name),
        query: { force: force ? "1" : undefined },
        signal: context.signal,
      });
      printLine(context.out, name);
    }),
});
