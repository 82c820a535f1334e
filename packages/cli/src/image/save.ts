import { text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { checkOutput, saveStream } from "../save-stream.ts";

export const save = defineVerb({
  name: "save",
  aliases: ["image save"],
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  args: { min: 1 },
  flags: { output: text("Write to a file, instead of STDOUT", { short: "o" }) },
  async run(context, names, { output }) {
    await checkOutput(context, output);
    const archive = await context.client.send({
      method: "GET",
      path: "/images/get",
      query: { names },
      signal: context.signal,
    });
    await saveStream(context, archive, output);
    return undefined;
  },
});
