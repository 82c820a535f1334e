import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { EngineError } from "../core/errors.ts";
import type { ByteStream } from "../core/ports/byte-stream.ts";
import { sendProgress } from "./progress-stream.ts";
import type { ApiReply, ReplyHeaders } from "./reply.ts";

export interface SendContext {
  readonly signal: AbortSignal;
  /** A failure that the status can no longer tell of. */
  readonly onLateError: (error: unknown) => void;
}

/** Every reply that is plain HTTP. */
export type PlainReply = Exclude<ApiReply, { readonly kind: "hijack" | "websocket" }>;

const jsonType = { "Content-Type": "application/json" };

/** Sends a reply whole. What fails before anything was sent is thrown; later failures cut the connection. */
export async function sendReply(
  response: ServerResponse,
  answer: PlainReply,
  context: SendContext,
): Promise<void> {
  switch (answer.kind) {
    case "empty":
      return sendWhole(response, answer.status, answer.headers, undefined);
    case "text":
      return sendWhole(
        response,
        answer.status,
        { "Content-Type": "text/plain; charset=utf-8", ...answer.headers },
        answer.text,
      );
    case "json":
      return sendWhole(
        response,
        answer.status,
        { ...jsonType, ...answer.headers },
        `${JSON.stringify(answer.value)}\n`,
      );
    case "progress":
      return sendProgress(response, { ...answer, onLateError: context.onLateError });
    case "late-json":
      return sendStream(response, { ...jsonType, ...answer.headers }, context, lateJson(answer.value));
    case "json-lines":
      return sendStream(response, { ...jsonType, ...answer.headers }, context, jsonLines(answer.values));
    case "bytes":
      return sendStream(
        response,
        { "Content-Type": "application/octet-stream", ...answer.headers },
        context,
        answer.bytes,
      );
  }
}

export function sendError(response: ServerResponse, status: number, message: string): void {
  sendWhole(response, status, jsonType, `${JSON.stringify({ message })}\n`);
}

function sendWhole(
  response: ServerResponse,
  status: number,
  headers: ReplyHeaders | undefined,
  body: string | undefined,
): void {
  const bytes = Buffer.from(body ?? "", "utf8");
  const hasBody = status !== 204 && status !== 304;
  response.writeHead(status, {
    ...headers,
    ...(hasBody ? { "Content-Length": String(bytes.byteLength) } : {}),
  });
  response.end(hasBody ? bytes : undefined);
}

async function sendStream(
  response: ServerResponse,
  headers: ReplyHeaders,
  context: SendContext,
  source: AsyncIterable<Uint8Array | string>,
): Promise<void> {
  response.writeHead(200, headers);
  // Clients wait for these before they go on, long before there is a body.
  response.flushHeaders();
  try {
    for await (const chunk of source) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response, context.signal);
    }
    response.end();
  } catch (error) {
    response.destroy();
    if (!context.signal.aborted) context.onLateError(error);
  }
}

async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  try {
    await once(response, "drain", { signal });
  } catch (error) {
    throw new EngineError("canceled", "send response: the client is gone", { cause: error });
  }
}

async function* lateJson(value: () => Promise<unknown>): ByteStream {
  yield Buffer.from(`${JSON.stringify(await value())}\n`, "utf8");
}

async function* jsonLines(values: AsyncIterable<unknown>): ByteStream {
  for await (const value of values) yield Buffer.from(`${JSON.stringify(value)}\n`, "utf8");
}
