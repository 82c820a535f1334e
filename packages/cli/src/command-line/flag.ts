/** What the command line holds for one flag: whether it was given, or its values in order. */
export type RawFlag = boolean | readonly string[];

/** One flag of a command, and how its text becomes a value. */
export interface Flag<Value> {
  readonly short: string | undefined;
  /** The value's type in the help; undefined for a switch. */
  readonly type: string | undefined;
  readonly help: string;
  readonly hidden: boolean;
  /** For switches: what they are when not given. */
  readonly initial: boolean;
  /** For switches: whether turned off differs from not given. */
  readonly negatable: boolean;
  /** Throws an Error whose message says what is wrong with the text. */
  read(raw: RawFlag): Value;
}

interface FlagOptions {
  readonly short?: string;
  readonly type?: string;
  readonly hidden?: boolean;
}

const base = (help: string, type: string | undefined, options: FlagOptions) => ({
  short: options.short,
  type: options.type ?? type,
  help,
  hidden: options.hidden ?? false,
  initial: false,
  negatable: false,
});

const textsOf = (raw: RawFlag): readonly string[] => (typeof raw === "boolean" ? [] : raw);

/** A flag that is there or not. */
export function toggle(
  help: string,
  options: FlagOptions & { readonly initial?: boolean } = {},
): Flag<boolean> {
  return {
    ...base(help, undefined, options),
    initial: options.initial ?? false,
    negatable: options.initial ?? false,
    read: (raw) => raw === true,
  };
}

/** A flag that is there, turned off (`--x=false`), or not given, which is undefined. */
export function optionalToggle(help: string, options: FlagOptions = {}): Flag<boolean | undefined> {
  return {
    ...base(help, undefined, options),
    negatable: true,
    read: (raw) => (typeof raw === "boolean" ? raw : undefined),
  };
}

/** The last text given, or an empty one. */
export function text(help: string, options: FlagOptions & { readonly initial?: string } = {}): Flag<string> {
  return { ...base(help, "string", options), read: (raw) => textsOf(raw).at(-1) ?? options.initial ?? "" };
}

/** Every text given. */
export function list(help: string, options: FlagOptions = {}): Flag<readonly string[]> {
  return { ...base(help, "list", options), read: textsOf };
}

/** Every text given, each parsed. */
export function listOf<Value>(
  help: string,
  parse: (text: string) => Value,
  options: FlagOptions = {},
): Flag<readonly Value[]> {
  return { ...base(help, "list", options), read: (raw) => textsOf(raw).map((item) => parse(item)) };
}

/** The last text given, parsed; undefined if there is none. */
export function parsed<Value>(
  help: string,
  parse: (text: string) => Value,
  options: FlagOptions = {},
): Flag<Value | undefined> {
  return {
    ...base(help, "string", options),
    read(raw) {
      const last = textsOf(raw).at(-1);
      return last === undefined ? undefined : parse(last);
    },
  };
}

/** A whole number. */
export function integer(help: string, options: FlagOptions = {}): Flag<number | undefined> {
  return parsed(help, parseInteger, { type: "int", ...options });
}

function parseInteger(value: string): number {
  if (/^[+-]?\d+$/.test(value)) return Number(value);
  throw new Error(`strconv.ParseInt: parsing "${value}": invalid syntax`);
}
