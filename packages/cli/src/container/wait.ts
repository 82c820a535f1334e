import { containerWaitResponseSchema } from "@davit/protocol";
import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const wait = defineVerb({
  name: "wait",
  aliases: ["container wait"],
  usage: "CONTAINER [CONTAINER...]",
  summary: "Block until one or more containers stop, then print their exit codes",
  args: { min: 1 },
  flags: {},
  run: (context, args) =>
    forEachArgument(context, args, async (name) => {
      const { StatusCode, Error: failure } = await context.client.json(containerWaitResponseSchema, {
        method: "POST",
        path: `${objectPath("container", name)}/wait`,
        signal: context.signal,
      });
      if (failure !== undefined && failure !== null) throw new Failure(failure.Message);
      printLine(context.out, String(StatusCode));
    }),
});
