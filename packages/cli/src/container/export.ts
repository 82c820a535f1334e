import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { outputFlag, saveAnswer } from "../save-stream.ts";

export const exportContainer = defineVerb({
  name: "export",
  aliases: ["container export"],
  usage: "[OPTIONS] CONTAINER",
  summary: "Export a container's filesystem as a tar archive",
  args: { min: 1, max: 1 },
  flags: { output: outputFlag() },
  run: (context, [name = ""], { output }) =>
    saveAnswer(context, output, { path: `${objectPath("container", name)}/export` }),
});
