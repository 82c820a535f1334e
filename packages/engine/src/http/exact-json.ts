import * as z from "zod";
import { EngineError } from "../core/errors.ts";

/**
 * Refuses JSON that two readers can understand differently: a plugin that authorises requests must have read what the engine
 * reads. Readers differ in which of two members of one name they take, and in whether `hostconfig` is `HostConfig`.
 */
export function requireExact(text: string, value: unknown, schema: z.ZodType): void {
  const twice = repeatedMember(text);
  if (twice !== undefined) throw ambiguous(`member ${JSON.stringify(twice)} is given twice`);
  const misspelt = misspeltMember(schema, value);
  if (misspelt !== undefined) {
    throw ambiguous(`member ${misspelt.meant} is written ${JSON.stringify(misspelt.written)}`);
  }
}

const ambiguous = (reason: string): EngineError =>
  new EngineError("invalid", `invalid JSON: ${reason}, which plugins that authorise requests may overlook`);

/** The first name that an object has twice; the text must be JSON. */
export function repeatedMember(text: string): string | undefined {
  /** The members of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/gs)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith(":")) {
      const name = decodeName(token);
      const members = open.at(-1);
      if (members?.has(name) === true) return name;
      members?.add(name);
    }
  }
  return undefined;
}

function decodeName(token: string): string {
  const name: unknown = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1));
  return typeof name === "string" ? name : "";
}

interface Misspelt {
  readonly meant: string;
  readonly written: string;
}

/** The first member that is one of the schema's but for its case, which the engine reads as Go does. */
export function misspeltMember(schema: z.ZodType, value: unknown): Misspelt | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const below = (inner: unknown, item: unknown): Misspelt | undefined =>
    inner instanceof z.ZodType ? misspeltMember(inner, item) : undefined;
  if (schema instanceof z.ZodObject) return misspeltIn(schema.shape, value);
  if (schema instanceof z.ZodArray)
    return firstOf(Object.values(value), (item) => below(schema.element, item));
  if (schema instanceof z.ZodRecord)
    return firstOf(Object.values(value), (item) => below(schema.valueType, item));
  if (schema instanceof z.ZodUnion) return firstOf(schema.options, (option) => below(option, value));
  if (schema instanceof z.ZodPipe) return below(schema.in, value) ?? below(schema.out, value);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly
  ) {
    return below(schema.unwrap(), value);
  }
  return undefined;
}

function misspeltIn(shape: Readonly<Record<string, unknown>>, value: object): Misspelt | undefined {
  const meant = new Map(Object.keys(shape).map((name) => [folded(name), name]));
  return firstOf(Object.entries(value), ([written, item]: [string, unknown]) => {
    const name = meant.get(folded(written));
    if (name === undefined) return undefined;
    if (name !== written) return { meant: name, written };
    const inner = shape[name];
    return inner instanceof z.ZodType ? misspeltMember(inner, item) : undefined;
  });
}

/** As widely as any reader: to Go `ſ` is an `s`, and `K` (the sign of the unit) a `k`. */
const folded = (name: string): string => name.toUpperCase().toLowerCase();

function firstOf<Item, Found>(
  items: readonly Item[],
  look: (item: Item) => Found | undefined,
): Found | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
