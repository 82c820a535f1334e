import { Command, CommanderError, Option } from "commander";
import { messageOf } from "../failure.ts";
import type { Flag, RawFlag } from "./flag.ts";
import { helpText } from "./help.ts";
import { longName } from "./long-name.ts";
import { splitSwitchValues } from "./switch-values.ts";
import { argumentFailure, flagFailure } from "./usage-failure.ts";
import type { Flags, FlagValues, Grammar } from "./verb.ts";

export interface CommandLine<Given extends Flags> {
  /** What `--help` prints, if that was asked for. */
  readonly help: string | undefined;
  readonly args: readonly string[];
  readonly flags: FlagValues<Given>;
}

/** Reads the words after a command's name by its grammar. Throws a usage Failure. */
export function parseCommandLine<const Given extends Flags>(
  grammar: Grammar<Given>,
  argv: readonly string[],
): CommandLine<Given> {
  const entries = Object.entries(grammar.flags);
  const { given, args } = argv.some((word) => word.startsWith("-"))
    ? readOptions(grammar, argv)
    : // Most command lines; commander costs milliseconds.
      { given: {}, args: argv };
  const values: Record<string, unknown> = {};
  const help = given["help"] === true ? helpText(grammar) : undefined;
  if (help === undefined) {
    const { min, max } = grammar.args;
    if (args.length < min || args.length > (max ?? Number.POSITIVE_INFINITY)) throw argumentFailure(grammar);
    for (const [key, flag] of entries) values[key] = readFlag(grammar, key, flag, given);
  }
  // Every key was filled by the flag of that key just above (or nobody looks, when help is printed).
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { help, args, flags: values as FlagValues<Given> };
}

interface Options {
  readonly given: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
}

function readOptions(grammar: Grammar, argv: readonly string[]): Options {
  const command = new Command()
    .exitOverride()
    .helpOption(false)
    .allowExcessArguments(true)
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  if (grammar.optionsEndAtFirstArgument === true) command.passThroughOptions();
  command.option("--help");
  for (const [key, flag] of Object.entries(grammar.flags)) addFlag(command, key, flag);
  const words = splitSwitchValues(grammar, argv);
  try {
    command.parse(words, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) throw flagFailure(grammar, problemOf(error, argv));
    throw flagFailure(grammar, messageOf(error));
  }
  return { given: command.opts(), args: command.args };
}

function addFlag(command: Command, key: string, flag: Flag<unknown>): void {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  if (flag.type === undefined) {
    command.addOption(new Option(`${short}--${longName(key)}`));
    if (flag.negatable) command.addOption(new Option(`--no-${longName(key)}`));
    return;
  }
  command.addOption(
    new Option(`${short}--${longName(key)} <value>`)
      .default([])
      .argParser((value: string, previous: readonly string[]) => [...previous, value]),
  );
}

/** Commander keeps `--no-x` as `x`, turned around. */
function rawValue(key: string, flag: Flag<unknown>, given: Readonly<Record<string, unknown>>): RawFlag {
  const negated = /^no[A-Z]/.test(key) && flag.type === undefined;
  if (negated) return given[key.charAt(2).toLowerCase() + key.slice(3)] === false;
  const value = given[key];
  if (Array.isArray(value)) return value.map(String);
  if (typeof value === "boolean") return value;
  // Of a switch with three answers, nothing given is no answer.
  return flag.negatable && !flag.initial ? [] : flag.initial;
}

function readFlag(
  grammar: Grammar,
  key: string,
  flag: Flag<unknown>,
  given: Readonly<Record<string, unknown>>,
): unknown {
  const raw = rawValue(key, flag, given);
  try {
    return flag.read(raw);
  } catch (error) {
    const name = `${flag.short === undefined ? "" : `-${flag.short}, `}--${longName(key)}`;
    const value = typeof raw === "boolean" ? String(raw) : culprit(flag, raw);
    throw flagFailure(grammar, `invalid argument "${value}" for "${name}" flag: ${messageOf(error)}`);
  }
}

/** The first of several values that is refused. */
function culprit(flag: Flag<unknown>, values: readonly string[]): string {
  for (const value of values) {
    try {
      flag.read([value]);
    } catch {
      return value;
    }
  }
  return values.at(-1) ?? "";
}

function problemOf(error: CommanderError, argv: readonly string[]): string {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownOption": {
      if (quoted.startsWith("--")) return `unknown flag: ${quoted.split("=")[0]}`;
      return `unknown shorthand flag: '${quoted.charAt(1)}' in ${quoted}`;
    }
    case "commander.optionMissingArgument": {
      const [short = "", long = ""] = /(?:(-\w), )?(--[\w-]+)/.exec(quoted)?.slice(1) ?? [];
      return argv.at(-1) === short && short !== ""
        ? `flag needs an argument: '${short.slice(1)}' in ${short}`
        : `flag needs an argument: ${long}`;
    }
    default:
      return error.message.replace(/^error: /, "");
  }
}
