import { Command, CommanderError, InvalidArgumentError, Option as Flag } from "commander";
import type { Given } from "./configuration.ts";
import { ignoredFlags, type Option, options, refusedFlags } from "./options.ts";

export type CommandLine =
  | {
      readonly kind: "run";
      readonly given: Given;
      readonly warnings: readonly string[];
      readonly validate: boolean;
    }
  /** Nothing to run: help or the version was printed, or the flags are wrong. */
  | { readonly kind: "exit"; readonly exitCode: number };

/** Reads the daemon's flags. Only those that were typed are given: what they leave open, the file may say. */
export function parseCommandLine(argv: readonly string[], version: string): CommandLine {
  const typed = new Map<string, unknown>();
  const warnings: string[] = [];
  const command = new Command("davitd")
    .description("A managed plugin engine for containers that speaks the Docker Engine API.")
    .version(`davitd version ${version}`, "-v, --version", "print the version and exit")
    .option("--validate", "check the configuration and exit")
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`davitd: ${text}`) });
  for (const option of Object.values(options)) command.addOption(flagOf(option, typed));
  for (const name of ignoredFlags) {
    const flag = new Flag(`--${name} [value]`).hideHelp();
    command.addOption(
      flag.argParser(() => void warnings.push(`--${name} has no meaning for this engine and is ignored`)),
    );
    command.on(`option:${name}`, (value: unknown) => {
      if (value === null) warnings.push(`--${name} has no meaning for this engine and is ignored`);
    });
  }
  for (const [name, reason] of Object.entries(refusedFlags)) {
    command.addOption(
      new Flag(`--${name} <value>`).hideHelp().argParser(() => {
        throw new InvalidArgumentError(reason);
      }),
    );
  }
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return { kind: "exit", exitCode: error.exitCode };
    throw error;
  }
  return {
    kind: "run",
    given: Object.fromEntries(typed),
    warnings,
    validate: command.opts()["validate"] === true,
  };
}

function flagOf(option: Option, typed: Map<string, unknown>): Flag {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const value = { flag: " [true|false]", text: " <value>", list: " <value>", number: " <n>" }[option.kind];
  const flag = new Flag(`${short}--${option.flag}${value}`, option.doc);
  if (option.kind === "flag") flag.preset("true");
  return flag.argParser((text: string) => {
    typed.set(option.key, readValue(option, text, typed.get(option.key)));
  });
}

function readValue({ kind }: Option, text: string, before: unknown): unknown {
  if (kind === "text") return text;
  if (kind === "list") return [...(Array.isArray(before) ? before : []), text];
  if (kind === "number") {
    if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a whole number.");
    return Number(text);
  }
  if (!["true", "false", "1", "0"].includes(text)) throw new InvalidArgumentError("expected true or false.");
  return text === "true" || text === "1";
}
