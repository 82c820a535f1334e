import { commandRows } from "./command-line/help.ts";
import { programName } from "./command-line/usage-failure.ts";
import { type Branch, branches, type Leaf, topLevel } from "./command-tree.ts";
import { type Context, type Output, printLine } from "./context.ts";
import { Failure } from "./failure.ts";
import { type GlobalFlags, parseGlobalOptions } from "./global-options.ts";
import { programVersion } from "./program-version.ts";

/** What a command line is run with. */
export interface Surroundings {
  readonly out: Output;
  readonly err: Output;
  /** Called when a command is run: what is answered without one needs nothing of it. */
  readonly createContext: (flags: GlobalFlags) => Promise<Context>;
}

/** Runs one command line and returns the exit code; whatever goes wrong is thrown. */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { out } = surroundings;
  const { args, flags, help } = parseGlobalOptions(argv);
  const [word, ...rest] = args;
  if (flags.version) {
    printLine(out, `Davit version ${programVersion}`);
    return 0;
  }
  if (help !== undefined || word === undefined || (word === "help" && rest.length === 0)) {
    out.write(overview(help ?? parseGlobalOptions(["--help"]).help ?? ""));
    return 0;
  }
  // `davit help plugin ls` asks the command itself.
  if (word === "help") return runCli([...rest, "--help"], surroundings);
  if (word === "__complete") return printCandidates(rest, surroundings);
  const branch = own(branches, word);
  const found =
    branch === undefined ? topLevelCommand(word) : commandOfNoun(word, branch, rest.shift(), surroundings);
  if (typeof found === "number") return found;
  const [context, verb] = await Promise.all([surroundings.createContext(flags), found.leaf.load()]);
  return verb.execute(context, rest, found.name);
}

interface FoundCommand {
  readonly leaf: Leaf;
  readonly name: string;
}

function topLevelCommand(name: string): FoundCommand {
  const leaf = own(topLevel, name);
  if (leaf === undefined) throw unknownCommand(name);
  return { leaf, name };
}

/** What a shell asks at TAB; nobody wants to see why there is no answer. */
async function printCandidates(
  argv: readonly string[],
  { out, createContext }: Surroundings,
): Promise<number> {
  const { complete } = await import("./completion/complete.ts");
  const contextFor = async (globals: readonly string[]): Promise<Context> =>
    createContext(parseGlobalOptions(globals).flags);
  const words = argv[0] === "--" ? argv.slice(1) : argv;
  const candidates = await complete(words, contextFor).catch(() => []);
  for (const { word, help } of candidates) printLine(out, `${word}\t${help}`);
  return 0;
}

/** The command, or the exit code if its noun alone was asked for. */
function commandOfNoun(
  noun: string,
  branch: Branch,
  word: string | undefined,
  { out, err }: Surroundings,
): FoundCommand | number {
  if (word === undefined || word === "--help") {
    (word === undefined ? err : out).write(branchHelp(noun, branch));
    return 0;
  }
  const verb = own(branch.aliases, word) ?? word;
  const leaf = own(branch.commands, verb);
  if (leaf !== undefined) return { leaf, name: `${noun} ${verb}` };
  throw word.startsWith("-")
    ? new Failure(`unknown flag: ${word}\n\nRun '${programName} ${noun} --help' for more information`, {
        exitCode: 125,
      })
    : unknownCommand(`${noun} ${word}`, noun);
}

const own = <Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

function unknownCommand(words: string, noun?: string): Failure {
  const where = noun === undefined ? programName : `${programName} ${noun}`;
  const usage = noun === undefined ? "" : `Usage:  ${where}\n\n`;
  return new Failure(
    `${programName}: unknown command: ${programName} ${words}\n\n${usage}Run '${where} --help' for more information`,
  );
}

const summaries = (commands: Readonly<Record<string, { readonly summary: string }>>) =>
  Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);

function branchHelp(noun: string, branch: Branch): string {
  return `Usage:  ${programName} ${noun} COMMAND\n\n${branch.summary}\n\nCommands:\n${commandRows(
    summaries(branch.commands),
  )}\nRun '${programName} ${noun} COMMAND --help' for more information on a command.\n`;
}

/** The options come last, as in docker's help. */
function overview(help: string): string {
  const [usage = "", options = ""] = help.split("\nOptions:\n");
  return [
    `${usage.trimEnd()}\n`,
    `Commands:\n${commandRows(summaries(topLevel))}`,
    `Management Commands:\n${commandRows(summaries(branches))}`,
    `Global Options:\n${options}`,
    `Run '${programName} COMMAND --help' for more information on a command.\n`,
  ].join("\n");
}
