import * as z from "zod";

/**
 * Objects written by Go programs: keys match in any case, `null` means absent, unknown keys are dropped.
 * Reference: the rules of Go's encoding/json.
 */
export function goObject<Shape extends z.ZodRawShape>(shape: Shape) {
  const canonical = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]));
  return z.preprocess((value) => canonicalKeys(value, canonical), z.object(shape));
}

function canonicalKeys(value: unknown, canonical: ReadonlyMap<string, string>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const name = canonical.get(key.toLowerCase());
    if (name !== undefined && item !== null) result[name] = item;
  }
  return result;
}

/** A list in which `null` or nothing at all means empty. */
export function goList<Item extends z.ZodType>(item: Item) {
  return z.preprocess((value) => value ?? [], z.array(item));
}

/** A string map in which `null` or nothing at all means empty. */
export const goStringMap = z.preprocess((value) => value ?? {}, z.record(z.string(), z.string()));

/** The first problem of a failed parse, as `field.path: what is wrong`. */
export function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "invalid value";
  const path = issue.path.map(String).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
