import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { outputFlag, saveAnswer } from "../save-stream.ts";

export const save = defineVerb({
  name: "plugin save",
  usage: "[OPTIONS] PLUGIN",
  summary: "Save a plugin to an OCI archive (streamed to STDOUT by default)",
  args: { min: 1, max: 1 },
  flags: { output: outputFlag() },
  run: (context, [name = ""], { output }) =>
    saveAnswer(context, output, { path: `${objectPath("plugin", name)}/export` }),
});
