import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const pause = defineVerb({
  name: "pause",
  aliases: ["container pause"],
  usage: "CONTAINER [CONTAINER...]",
  summary: "Pause all processes within one or more containers",
  args: { min: 1 },
  flags: {},
  run: (context, args) =>
    forEachArgument(context, args, async (name) => {
      await context.client.run({
        method: "POST",
        path: `${objectPath("container", name)}/pause`,
        signal: context.signal,
      });
      printLine(context.out, name);
    }),
});
