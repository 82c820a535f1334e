import { longName } from "./long-name.ts";
import { flagFailure } from "./usage-failure.ts";
import type { Grammar } from "./verb.ts";

const truths = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falsehoods = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/**
 * Rewrites what Go programs accept and commander does not: `--force=false` for a switch, `-e=VALUE` for a short
 * flag. Stops where options end.
 */
export function splitSwitchValues(grammar: Grammar, argv: readonly string[]): string[] {
  const byLong = new Map(Object.entries(grammar.flags).map(([key, flag]) => [`--${longName(key)}`, flag]));
  const byShort = new Map(
    Object.values(grammar.flags).flatMap((flag) =>
      flag.short === undefined ? [] : [[`-${flag.short}`, flag]],
    ),
  );
  const result: string[] = [];
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? "";
    const equals = word.indexOf("=");
    const name = equals === -1 ? word : word.slice(0, equals);
    const flag = byLong.get(name) ?? byShort.get(name);
    const isArgument = !word.startsWith("-") || word === "-";
    if (word === "--" || (isArgument && grammar.optionsEndAtFirstArgument === true)) {
      return [...result, ...argv.slice(i)];
    }
    if (flag === undefined) {
      result.push(word);
      if (clusterWantsValue(word, byShort)) result.push(...argv.slice(i + 1, ++i + 1));
    } else if (flag.type === undefined) {
      if (equals === -1) result.push(word);
      else result.push(...switchWords(grammar, name, word.slice(equals + 1), flag.negatable));
    } else if (equals === -1) {
      // The next word is the value, whatever it looks like.
      result.push(word, ...argv.slice(i + 1, i + 2));
      i += 1;
    } else {
      result.push(name, word.slice(equals + 1));
    }
  }
  return result;
}

/** `-it` and the like, where the last letter takes the next word. */
function clusterWantsValue(word: string, byShort: ReadonlyMap<unknown, unknown>): boolean {
  if (!/^-[A-Za-z]{2,}$/.test(word)) return false;
  const flags = word
    .slice(1)
    .split("")
    .map((letter) => byShort.get(`-${letter}`));
  return flags.every((flag, index) => hasType(flag) === (index === flags.length - 1) && flag !== undefined);
}

const hasType = (flag: unknown): boolean =>
  typeof flag === "object" && flag !== null && "type" in flag && flag.type !== undefined;

function switchWords(grammar: Grammar, name: string, value: string, negatable: boolean): string[] {
  if (truths.has(value)) return [name];
  if (falsehoods.has(value)) return negatable ? [`--no-${name.slice(2)}`] : [];
  throw flagFailure(
    grammar,
    `invalid argument "${value}" for "${name}" flag: strconv.ParseBool: parsing "${value}": invalid syntax`,
  );
}
