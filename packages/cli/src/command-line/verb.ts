import type { Context } from "../context.ts";
import type { Flag } from "./flag.ts";
import { parseCommandLine } from "./parse.ts";

// Each flag has its own value type; a record of them can only be spoken of with the type left open.
export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type FlagValues<Given extends Flags> = {
  readonly [Name in keyof Given]: Given[Name] extends Flag<infer Value> ? Value : never;
};

/** The shape of a command line. */
export interface Grammar<Given extends Flags = Flags> {
  /** e.g. `plugin install` */
  readonly name: string;
  /** The name under which it was called, if that is an alias. */
  readonly calledAs?: string;
  readonly aliases?: readonly string[];
  /** e.g. `[OPTIONS] PLUGIN [KEY=VALUE...]` */
  readonly usage: string;
  readonly summary: string;
  /** How many arguments there must be; no maximum if `max` is missing. */
  readonly args: { readonly min: number; readonly max?: number };
  readonly flags: Given;
  /** The first argument ends the options: what follows belongs to somebody else. */
  readonly optionsEndAtFirstArgument?: boolean;
}

export interface Verb {
  readonly grammar: Grammar;
  /** Returns the exit code. Help and refusals speak of it as it was called. */
  execute(context: Context, argv: readonly string[], calledAs?: string): Promise<number>;
}

export interface VerbDefinition<Given extends Flags> extends Grammar<Given> {
  /** Nothing returned means that all went well. */
  run(context: Context, args: readonly string[], flags: FlagValues<Given>): Promise<number | undefined>;
}

/** A command: its grammar and what it does. */
export function defineVerb<const Given extends Flags>(definition: VerbDefinition<Given>): Verb {
  return {
    grammar: definition,
    async execute(context, argv, calledAs = definition.name) {
      const line = parseCommandLine({ ...definition, calledAs }, argv);
      if (line.help !== undefined) {
        context.out.write(line.help);
        return 0;
      }
      return (await definition.run(context, line.args, line.flags)) ?? 0;
    },
  };
}
