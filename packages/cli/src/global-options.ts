import { text, toggle } from "./command-line/flag.ts";
import { parseCommandLine } from "./command-line/parse.ts";
import type { Grammar } from "./command-line/verb.ts";

const flags = {
  host: text("Daemon socket to connect to (unix:///path or tcp://host:port)", { short: "H" }),
  version: toggle("Print version information and quit", { short: "v" }),
};

/** `davit [OPTIONS] COMMAND [ARG...]`; what follows the command belongs to it. */
const globalGrammar: Grammar<typeof flags> = {
  name: "",
  usage: "[OPTIONS] COMMAND [ARG...]",
  summary: "A managed plugin engine for containers",
  args: { min: 0 },
  flags,
  optionsEndAtFirstArgument: true,
};

export const parseGlobalOptions = (argv: readonly string[]) => parseCommandLine(globalGrammar, argv);
