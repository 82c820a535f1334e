import * as z from "zod";
import { EngineError } from "../core/errors.ts";

const current = z.record(z.string(), z.record(z.string(), z.boolean()).nullable());
const legacy = z.record(z.string(), z.array(z.string()).nullable());

/**
 * What a list is narrowed to: values by key. Each matcher answers true for a key that was not given. Semantics of moby's
 * `api/types/filters`.
 */
export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  values(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }

  /** The one truth value given for a key, undefined if none was. */
  flag(key: string): boolean | undefined {
    if (!this.has(key)) return undefined;
    const values = this.values(key);
    if (values.length === 0) throw invalidFilter(key);
    const isTrue = values.includes("1") || values.includes("true");
    const isFalse = values.includes("0") || values.includes("false");
    if (isTrue === isFalse) throw invalidFilter(`${key}=[${values.join(" ")}]`);
    return isTrue;
  }

  /** Whether a key narrows nothing, as one without values does. */
  #open(key: string): boolean {
    return this.values(key).length === 0;
  }

  /** One of the values is the text. */
  exact(key: string, text: string): boolean {
    return this.#open(key) || this.values(key).includes(text);
  }

  /** One of the values is the text or a beginning of it. */
  prefix(key: string, text: string): boolean {
    return this.#open(key) || this.values(key).some((value) => text.startsWith(value));
  }

  /** One of the values, taken as a regular expression (unanchored), matches the text. */
  pattern(key: string, text: string): boolean {
    return this.#open(key) || this.values(key).some((value) => compile(key, value).test(text));
  }

  /** All values, `key` or `key=value` each, are in the map. */
  labels(key: string, labels: Readonly<Record<string, string>>): boolean {
    return this.values(key).every((wanted) => {
      const equals = wanted.indexOf("=");
      const name = equals === -1 ? wanted : wanted.slice(0, equals);
      if (!Object.hasOwn(labels, name)) return false;
      return equals === -1 || labels[name] === wanted.slice(equals + 1);
    });
  }
}

const invalidFilter = (what?: string): EngineError =>
  new EngineError("invalid", what === undefined ? "invalid filter" : `invalid filter '${what}'`);

function compile(key: string, value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw new EngineError("invalid", `invalid filter '${key}=[${value}]'`, { cause: error });
  }
}

/** Reads the query parameter `filters`, `{"key":{"value":true}}` or the older `{"key":["value"]}`. */
export function parseFilters(text: string, allowedKeys: readonly string[]): Filters {
  const values = new Map<string, readonly string[]>();
  for (const [key, given] of Object.entries(decode(text))) {
    if (!allowedKeys.includes(key)) throw invalidFilter(key);
    values.set(key, Array.isArray(given) ? given : Object.keys(given ?? {}));
  }
  return new Filters(values);
}

function decode(text: string): z.output<typeof current> | z.output<typeof legacy> {
  if (text === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngineError("invalid", "invalid filter", { cause: error });
  }
  if (value === null) return {};
  const parsed = current.safeParse(value);
  if (parsed.success) return parsed.data;
  const old = legacy.safeParse(value);
  if (old.success) return old.data;
  throw invalidFilter();
}
