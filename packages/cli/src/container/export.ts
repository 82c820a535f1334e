import { objectPath } from "../client/object-path.ts";
import { text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { checkOutput, saveStream } from "../save-stream.ts";

export const exportContainer = defineVerb({
  name: "export",
  aliases: ["container export"],
  usage: "[OPTIONS] CONTAINER",
  summary: "Export a container's filesystem as a tar archive",
  args: { min: 1, max: 1 },
  flags: { output: text("Write to a file, instead of STDOUT", { short: "o" }) },
  async run(context, [name = ""], { output }) {
    await checkOutput(context, output);
    const archive = await context.client.send({
      method: "GET",
      path: `${objectPath("container", name)}/export`,
      signal: context.signal,
    });
    await saveStream(context, archive, output);
    return undefined;
  },
});
