import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { messageOf } from "../failure.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const rm = defineVerb({
  name: "network rm",
  aliases: ["network remove"],
  usage: "NETWORK [NETWORK...]",
  summary: "Remove one or more networks",
  args: { min: 1 },
  flags: { force: toggle("Do not error if the network does not exist", { short: "f" }) },
  async run(context, args, { force }) {
    const exitCode = await forEachArgument(context, args, async (name) => {
      try {
        await context.client.run({
          method: "DELETE",
          path: objectPath("network", name),
          signal: context.signal,
        });
      } catch (error) {
        if (!force || !messageOf(error).endsWith(`network ${name} not found`)) throw error;
        return;
      }
      printLine(context.out, name);
    });
    // As docker ends this one.
    if (exitCode !== 0) printLine(context.err, `exit status ${String(exitCode)}`);
    return exitCode;
  },
});
