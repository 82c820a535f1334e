import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { progressSchema } from "@davit/protocol";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { Failure } from "../failure.ts";
import { showProgress } from "../progress/show-progress.ts";
import { openInput } from "./open-input.ts";

export const load = defineVerb({
  name: "load",
  aliases: ["image load"],
  usage: "[OPTIONS]",
  summary: "Load an image from a tar archive or STDIN",
  args: { min: 0, max: 0 },
  flags: {
    input: text("Read from tar archive file, instead of STDIN", { short: "i" }),
    quiet: toggle("Suppress the load output", { short: "q" }),
  },
  async run(context, _args, { input, quiet }) {
    if (input === "" && context.stdin.isTTY === true) {
      throw new Failure("requested load from stdin, but stdin is empty");
    }
    const body =
      input === "" ? context.stdin : await openInput(createReadStream(resolve(context.cwd, input)), input);
    const messages = context.client.stream(progressSchema, {
      method: "POST",
      path: "/images/load",
      query: { quiet: quiet || context.out.isTTY !== true },
      headers: { "Content-Type": "application/x-tar" },
      body,
      signal: context.signal,
    });
    await showProgress(messages, context.out);
  },
});
