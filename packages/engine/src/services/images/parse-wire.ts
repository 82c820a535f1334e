import { describeIssue } from "@davit/protocol";
import type * as z from "zod";
import { EngineError } from "../../core/errors.ts";

/** JSON from outside, checked; kind invalid, with `action` in front, if it is not what the schema says. */
export function parseWire<Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array,
  action: string,
): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(bytes, action));
  if (!parsed.success) {
    throw new EngineError("invalid", `${action}: ${describeIssue(parsed.error)}`, { cause: parsed.error });
  }
  return parsed.data;
}

function parseJson(bytes: Uint8Array, action: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new EngineError("invalid", `${action}: not JSON`, { cause: error });
  }
}
