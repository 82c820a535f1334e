import { resolve } from "node:path";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { humanSize } from "../format/human.ts";
import { splitArgument } from "./copy-argument.ts";
import { copyFromContainer } from "./copy-from.ts";
import { copyToContainer } from "./copy-to.ts";

export const cp = defineVerb({
  name: "cp",
  aliases: ["container cp"],
  usage: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-",
  summary: "Copy files/folders between a container and the local filesystem",
  args: { min: 2, max: 2 },
  flags: {
    archive: toggle("Archive mode (copy all uid/gid information)", { short: "a" }),
    followLink: toggle("Always follow symbol link in SRC_PATH", { short: "L" }),
    quiet: toggle(
      "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached",
      {
        short: "q",
      },
    ),
  },
  async run(context, [from = "", to = ""], flags) {
    if (from === "") throw new Failure("source can not be empty");
    if (to === "") throw new Failure("destination can not be empty");
    const source = splitArgument(from);
    const target = splitArgument(to);
    if (source.container !== "" && target.container !== "") {
      throw new Failure("copying between containers is not supported");
    }
    if (source.container === "" && target.container === "") {
      throw new Failure("must specify at least one container source");
    }
    const bytes =
      source.container === ""
        ? await copyToContainer(context, { ...target, source: source.path }, flags)
        : await copyFromContainer(context, { ...source, target: target.path }, flags);
    if (to !== "-" && !flags.quiet && context.err.isTTY === true) report(context, bytes, to);
  },
});

function report(context: Context, bytes: number, to: string): void {
  const where = splitArgument(to).container === "" ? resolve(context.cwd, to) : to;
  printLine(context.err, `Successfully copied ${humanSize(bytes, 4)} to ${where}`);
}
