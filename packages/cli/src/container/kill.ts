import { objectPath } from "../client/object-path.ts";
import { text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const kill = defineVerb({
  name: "kill",
  aliases: ["container kill"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Kill one or more running containers",
  args: { min: 1 },
  flags: { signal: text("Signal to send to the container", { short: "s" }) },
  run: (context, args, { signal }) =>
    forEachArgument(context, args, async (name) => {
      await context.client.run({
        method: "POST",
        path: `${objectPath("container", name)}/kill`,
        query: { signal: signal || undefined },
        signal: context.signal,
      });
      printLine(context.out, name);
    }),
});
