import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { createContainer, creationFlags } from "./create-container.ts";

const command = { name: "create", usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]" };

export const create = defineVerb({
  ...command,
  aliases: ["container create"],
  summary: "Create a new container",
  args: { min: 1 },
  optionsEndAtFirstArgument: true,
  flags: creationFlags,
  async run(context, [image = "", ...args], flags) {
    const chosen = flags.attach;
    const attach = {
      stdin: chosen.length === 0 ? flags.interactive : chosen.includes("stdin"),
      stdout: chosen.length === 0 || chosen.includes("stdout"),
      stderr: chosen.length === 0 || chosen.includes("stderr"),
    };
    printLine(context.out, await createContainer(context, { command, image, args, flags, attach }));
    return 0;
  },
});
