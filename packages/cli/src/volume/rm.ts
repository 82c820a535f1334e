import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const rm = defineVerb({
  name: "volume rm",
  aliases: ["volume remove"],
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  summary: "Remove one or more volumes. You cannot remove a volume that is in use by a container.",
  args: { min: 1 },
  flags: { force: toggle("Force the removal of one or more volumes", { short: "f" }) },
  run: (context, args, { force }) =>
    forEachArgument(context, args, async (name) => {
      await context.client.run({
        method: "DELETE",
        path: objectPath("volume", name),
        query: { force: force ? "1" : undefined },
        signal: context.signal,
      });
      printLine(context.out, name);
    }),
});
