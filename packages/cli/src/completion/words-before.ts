import type { Flag } from "../command-line/flag.ts";
import { longName } from "../command-line/long-name.ts";
import type { Flags } from "../command-line/verb.ts";
import { branches, type Leaf, topLevel } from "../command-tree.ts";
import { globalGrammar } from "../global-options.ts";

/** What the words before the cursor mean. */
export interface Position {
  /** e.g. `["plugin", "rm"]`; only known words. */
  readonly command: readonly string[];
  readonly leaf: Leaf | undefined;
  /** Of the command, or the global ones before it. */
  readonly flags: Flags;
  /** Those already given to the command. */
  readonly args: readonly string[];
  /** The flag whose value is being typed. */
  readonly valueOf: string | undefined;
  readonly optionsEnded: boolean;
  /** The global options, to reach the same daemon. */
  readonly globals: readonly string[];
}

/** Reads a command line up to the word that is being typed. */
export async function readPosition(words: readonly string[]): Promise<Position> {
  const start = takeFlags(words, 0, globalGrammar.flags, true);
  const globals = words.slice(0, start.next);
  const outside = { command: [], leaf: undefined, args: [], optionsEnded: false, globals };
  if (start.valueOf !== undefined || start.next >= words.length) {
    return { ...outside, flags: globalGrammar.flags, valueOf: start.valueOf };
  }
  const noun = words[start.next] ?? "";
  const branch = Object.hasOwn(branches, noun) ? branches[noun] : undefined;
  const verb = words[start.next + 1];
  const isBare = branch !== undefined && verb === undefined;
  if (isBare) return { ...outside, command: [noun], flags: {}, valueOf: undefined };
  const name = branch === undefined ? noun : (branch.aliases[verb ?? ""] ?? verb ?? "");
  const commands = branch?.commands ?? topLevel;
  const leaf = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const command = branch === undefined ? [noun] : [noun, name];
  if (leaf === undefined) return { ...outside, command, flags: {}, valueOf: undefined, optionsEnded: true };
  const { grammar } = await leaf.load();
  const rest = takeFlags(
    words,
    start.next + command.length,
    grammar.flags,
    grammar.optionsEndAtFirstArgument === true,
  );
  return {
    command,
    leaf,
    flags: grammar.flags,
    args: [...rest.args, ...words.slice(rest.next)],
    valueOf: rest.valueOf,
    optionsEnded: rest.ended || rest.next < words.length,
    globals,
  };
}

/** Skips flags with their values; stops at the first argument if options end there. */
function takeFlags(words: readonly string[], from: number, flags: Flags, endAtArgument: boolean) {
  const args: string[] = [];
  let next = from;
  while (next < words.length) {
    const word = words[next] ?? "";
    if (word === "--") return { next: next + 1, args, valueOf: undefined, ended: true };
    if (!word.startsWith("-") || word === "-") {
      if (endAtArgument) break;
      args.push(word);
      next += 1;
      continue;
    }
    const name = word.includes("=") ? undefined : valueFlag(word, flags);
    next += 1;
    if (name === undefined) continue;
    if (next >= words.length) return { next, args, valueOf: name, ended: false };
    next += 1;
  }
  return { next, args, valueOf: undefined, ended: false };
}

/** The long name of a flag that takes the next word; the last letter of `-it` counts. */
function valueFlag(word: string, flags: Flags): string | undefined {
  const found = Object.entries(flags).find(([key, flag]) =>
    word.startsWith("--") ? word.slice(2) === longName(key) : flag.short === word.at(-1),
  );
  return found !== undefined && takesValue(found[1]) ? longName(found[0]) : undefined;
}

const takesValue = (flag: Flag<unknown>): boolean => flag.type !== undefined;
