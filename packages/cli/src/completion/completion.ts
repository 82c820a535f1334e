import { defineVerb } from "../command-line/verb.ts";
import { Failure } from "../failure.ts";
import { shellScripts } from "./shell-scripts.ts";

export const completion = defineVerb({
  name: "completion",
  usage: "SHELL",
  summary: "Generate the completion script for a shell (bash, zsh or fish)",
  args: { min: 1, max: 1 },
  flags: {},
  async run(context, [shell = ""]) {
    const script = shellScripts.get(shell);
    if (script === undefined) {
      throw new Failure(`unknown shell: "${shell}": must be one of ${[...shellScripts.keys()].join(", ")}`);
    }
    context.out.write(script);
    return undefined;
  },
});
