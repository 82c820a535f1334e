import { defineVerb } from "../command-line/verb.ts";
import { outputFlag, saveAnswer } from "../save-stream.ts";

export const save = defineVerb({
  name: "save",
  aliases: ["image save"],
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
  args: { min: 1 },
  flags: { output: outputFlag() },
  run: (context, names, { output }) => saveAnswer(context, output, { path: "/images/get", query: { names } }),
});
