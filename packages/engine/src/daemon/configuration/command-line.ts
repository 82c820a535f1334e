import { Command, CommanderError, Option as Flag, InvalidArgumentError } from "commander";
import { messageOf } from "../../core/errors.ts";
import { type AddressPoolsSetting, parseAddressPools } from "../../core/network/address-pools.ts";
import { type ForeignOption, foreignOptions, refusalOf } from "./foreign-options.ts";
import { expandWords, type FlagShape } from "./go-words.ts";
import { helpText } from "./help-text.ts";
import { type Given, type Option, options } from "./options.ts";

export type CommandLine =
  | {
      readonly kind: "run";
      readonly given: Given;
      readonly warnings: readonly string[];
      readonly validate: boolean;
    }
  /** Nothing to run: help or the version was asked for. */
  | { readonly kind: "print"; readonly text: string }
  | { readonly kind: "wrong"; readonly problem: string };

/** Reads the daemon's flags. Only those that were typed are given: what they leave open, the file may say. */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  const typed = new Map<string, unknown>();
  const ignored = new Set<string>();
  const command = new Command("davitd")
    .helpOption(false)
    .option("--help")
    .option("-v, --version")
    .option("--validate")
    .allowExcessArguments(true)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  for (const option of Object.values(options)) command.addOption(flagOf(option, typed));
  for (const option of foreignOptions) command.addOption(foreignFlag(option, ignored));
  const words = expandWords(argv, shapes);
  try {
    command.parse([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: "wrong", problem: problemOf(error) };
  }
  const { help, version: isVersionAsked, validate } = command.opts();
  if (help === true) return { kind: "print", text: helpText() };
  if (isVersionAsked === true) return { kind: "print", text: `davitd version ${version}\n` };
  if (command.args.length > 0) return { kind: "wrong", problem: '"davitd" accepts no argument(s).' };
  return {
    kind: "run",
    given: Object.fromEntries(typed),
    warnings: [...ignored].map((flag) => `--${flag} has no meaning for this engine and is ignored`),
    validate: validate === true,
  };
}

const shapes: readonly FlagShape[] = [
  ...Object.values(options).map(({ flag, short, kind }) => ({ flag, short, isSwitch: kind === "flag" })),
  ...foreignOptions.map(({ flag, short, takes }) => ({ flag, short, isSwitch: takes === "switch" })),
];

function flagOf(option: Option, typed: Map<string, unknown>): Flag {
  return declare(option).argParser((text: string) => {
    typed.set(option.key, readValue(option, text, typed.get(option.key)));
  });
}

function foreignFlag(option: ForeignOption, ignored: Set<string>): Flag {
  return declare(option).argParser((text: string) => {
    const refusal = refusalOf(option, text);
    if (refusal !== undefined) throw new InvalidArgumentError(refusal);
    ignored.add(option.flag);
  });
}

/** Switches come with their value too, once their words are expanded. */
const declare = ({ flag, short }: Pick<FlagShape, "flag" | "short">): Flag =>
  new Flag(`${short === undefined ? "" : `-${short}, `}--${flag} <value>`);

function readValue({ kind }: Option, text: string, before: unknown): unknown {
  if (kind === "text") return text;
  if (kind === "list") return [...(Array.isArray(before) ? before : []), text];
  if (kind === "pools") return [...(Array.isArray(before) ? before : []), readPools(text)];
  if (kind === "map") {
    const [key = "", ...value] = text.split("=");
    if (key === "" || value.length === 0) throw new InvalidArgumentError("expected KEY=VALUE");
    return { ...(typeof before === "object" ? before : {}), [key]: value.join("=") };
  }
  if (kind === "number") {
    if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a whole number");
    return Number(text);
  }
  // As Go reads them.
  if (/^(1|t|true|T|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|false|F|FALSE|False)$/.test(text)) return false;
  throw new InvalidArgumentError("expected true or false");
}

function readPools(text: string): AddressPoolsSetting {
  try {
    return parseAddressPools(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** What is wrong, in dockerd's words where it has any. */
function problemOf({ code, message }: CommanderError): string {
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? "";
  if (code === "commander.unknownOption") {
    const name = quoted.split("=")[0] ?? quoted;
    return name.startsWith("--")
      ? `unknown flag: ${name}`
      : `unknown shorthand flag: '${name.charAt(1)}' in ${name}`;
  }
  if (code === "commander.optionMissingArgument") {
    return `flag needs an argument: --${/--([\w-]+)/.exec(message)?.[1] ?? ""}`;
  }
  const invalid = /^error: option '(?:-\w, )?(--[\w-]+) <value>' argument '(.*)' is invalid\. (.*)$/s.exec(
    message,
  );
  return invalid === null
    ? message.replace(/^error: /, "")
    : `invalid argument ${JSON.stringify(invalid[2])} for "${invalid[1]}" flag: ${invalid[3]}`;
}
