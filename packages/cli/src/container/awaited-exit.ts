import type { IncomingMessage } from "node:http";
import { containerWaitResponseSchema } from "@davit/protocol";
import { parseJson } from "../client/json-text.ts";
import { objectPath } from "../client/object-path.ts";
import { readText } from "../client/read-body.ts";
import type { Context } from "../context.ts";
import { Failure } from "../failure.ts";

/** A wait that the daemon has begun: started before the container, so that its exit cannot be missed. */
export interface AwaitedExit {
  readonly code: Promise<number>;
}

export async function awaitExit(
  context: Context,
  id: string,
  condition: "removed" | "next-exit" | "not-running",
): Promise<AwaitedExit> {
  const response = await context.client.send({
    method: "POST",
    path: `${objectPath("container", id)}/wait`,
    query: { condition },
    signal: context.signal,
  });
  const code = readExit(response);
  // Whoever never gets to look at the code (a failed start) has its own failure to tell.
  code.catch(() => undefined);
  return { code };
}

async function readExit(response: IncomingMessage): Promise<number> {
  const { StatusCode, Error: failure } = containerWaitResponseSchema.parse(
    parseJson(await readText(response), "wait"),
  );
  if (failure !== undefined && failure !== null) {
    throw new Failure(`Error waiting for container: ${failure.Message}`, { exitCode: 125 });
  }
  return StatusCode;
}
