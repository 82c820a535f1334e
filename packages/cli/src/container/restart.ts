import { objectPath } from "../client/object-path.ts";
import { integer, text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const restart = defineVerb({
  name: "restart",
  aliases: ["container restart"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Restart one or more containers",
  args: { min: 1 },
  flags: {
    signal: text("Signal to send to the container", { short: "s" }),
    timeout: integer("Seconds to wait before killing the container", { short: "t" }),
    time: integer("Seconds to wait before killing the container", { hidden: true }),
  },
  run: (context, args, { signal, timeout, time }) =>
    forEachArgument(context, args, async (name) => {
      await context.client.run({
        method: "POST",
        path: `${objectPath("container", name)}/restart`,
        query: { t: timeout ?? time, signal: signal || undefined },
        signal: context.signal,
      });
      printLine(context.out, name);
    }),
});
