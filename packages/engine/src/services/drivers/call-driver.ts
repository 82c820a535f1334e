import { describeIssue } from "@davit/protocol";
import type * as z from "zod";
import { EngineError, errnoOf, PluginRefusal } from "../../core/errors.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";

export interface DriverCallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Calls a method of a driver and holds its answer against what the method answers. */
export async function callDriver<Answer>(
  connection: PluginConnection,
  method: string,
  schema: z.ZodType<Answer>,
  body: object | undefined,
  options: DriverCallOptions,
): Promise<Answer> {
  const answer = await connection.call(method, body, options);
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new EngineError("internal", `${method}: undecodable answer: ${describeIssue(result.error)}`, {
    cause: result.error,
  });
}

/**
 * Whether a call that failed may have been carried out all the same: it was sent, and its answer is late, lost or cannot be read. A
 * plugin's own word that it failed, and one that nobody took, are plain.
 */
export function mayHaveBegun(error: unknown): boolean {
  if (error instanceof PluginRefusal) return false;
  // Whoever has told the failure in a wider context has kept it as the cause.
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = errnoOf(cause);
    if (code === "ECONNREFUSED" || code === "ENOENT") return false;
  }
  return true;
}
