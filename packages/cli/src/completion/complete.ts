import { longName } from "../command-line/long-name.ts";
import { branches, topLevel } from "../command-tree.ts";
import type { Context } from "../context.ts";
import { shellScripts } from "./shell-scripts.ts";
import { argumentSource, flagSource, type Source } from "./sources.ts";
import { type Position, readPosition } from "./words-before.ts";

export interface Candidate {
  readonly word: string;
  readonly help: string;
}

/** What may stand where the cursor is: the last word is being typed. */
export async function complete(
  words: readonly string[],
  contextFor: (globals: readonly string[]) => Promise<Context>,
): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? "";
  const position = await readPosition(words.slice(0, -1));
  const ask = async (source: Source | undefined, prefix = ""): Promise<readonly Candidate[]> => {
    const found = source === undefined ? [] : await source(await contextFor(position.globals), position.args);
    return matching(
      found.map((word) => ({ word: prefix + word, help: "" })),
      typed,
    );
  };
  if (position.valueOf !== undefined) return ask(flagSource(position.command, position.valueOf));
  const equals = /^(--([\w-]+)=)/.exec(typed);
  if (equals !== null) return ask(flagSource(position.command, equals[2] ?? ""), equals[1]);
  if (typed.startsWith("-") && !position.optionsEnded) return matching(flagCandidates(position), typed);
  if (position.leaf === undefined) return matching(commandCandidates(position), typed);
  if (position.command[0] === "completion") {
    return matching(
      [...shellScripts.keys()].map((word) => ({ word, help: "" })),
      typed,
    );
  }
  return ask(argumentSource(position.command));
}

const matching = (candidates: readonly Candidate[], typed: string): readonly Candidate[] =>
  candidates.filter(({ word }) => word.startsWith(typed)).sort((a, b) => (a.word < b.word ? -1 : 1));

function commandCandidates({ command, optionsEnded }: Position): Candidate[] {
  if (optionsEnded) return [];
  const [noun] = command;
  const commands = noun === undefined ? { ...topLevel, ...branches } : (branches[noun]?.commands ?? {});
  return Object.entries(commands).map(([word, { summary }]) => ({ word, help: summary }));
}

const flagCandidates = ({ flags }: Position): Candidate[] => [
  ...Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .map(([key, flag]) => ({ word: `--${longName(key)}`, help: flag.help })),
  { word: "--help", help: "Print usage" },
];
