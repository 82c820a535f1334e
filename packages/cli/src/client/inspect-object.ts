import { describeIssue } from "@davit/protocol";
import type * as z from "zod";
import { Failure } from "../failure.ts";
import type { EngineClient } from "./engine-client.ts";

/** An object as the daemon shows it, with keys that this client does not know; it must look like one. */
export async function inspectObject(
  context: { readonly client: EngineClient; readonly signal: AbortSignal },
  schema: z.ZodType,
  path: string,
  query: Readonly<Record<string, string | undefined>> = {},
): Promise<unknown> {
  const object = await context.client.raw({ method: "GET", path, query, signal: context.signal });
  const parsed = schema.safeParse(object);
  if (!parsed.success) {
    throw new Failure(`unexpected answer from daemon to ${path}: ${describeIssue(parsed.error)}`);
  }
  return object;
}
