import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pluginMediaType } from "@davit/protocol";
import type { PluginLogger } from "../line-logger.ts";
import { type Call, RequestError, type RpcMethod, StreamedAnswer } from "./rpc-method.ts";

export interface RpcHandlerOptions {
  /** By path without the slash. */
  readonly methods: ReadonlyMap<string, RpcMethod>;
  readonly logger: PluginLogger;
  readonly bodyLimitBytes: number;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** In place of the text. */
  readonly stream?: StreamedAnswer;
  /** Why it is not 200, for the log. */
  readonly error?: string;
}

/** Turns HTTP requests into calls of methods, and knows which are under way. */
export class RpcHandler {
  readonly #options: RpcHandlerOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #cut = new AbortController();
  #draining = false;

  constructor(options: RpcHandlerOptions) {
    this.#options = options;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const done = this.#serve(request, response).finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  /** From now on every answer closes its connection. Fulfilled when no call is under way. */
  async drain(): Promise<void> {
    this.#draining = true;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Aborts the signal of every call. */
  cutShort(): void {
    this.#cut.abort();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    const hangUp = new AbortController();
    // Also fires after a complete answer, when nobody listens any more.
    response.once("close", () => hangUp.abort());
    const signal = AbortSignal.any([hangUp.signal, this.#cut.signal]);

    const method = methodName(request);
    const subject: Record<string, string> = {};
    let answer = await this.#answer(request, method, subject, { signal });
    if (answer.stream !== undefined) {
      answer = await this.#stream(response, answer, answer.stream.chunks);
    } else if (!response.destroyed) {
      this.#send(response, answer);
    }

    const fields = {
      ...subject,
      ms: Math.round((performance.now() - startedMs) * 10) / 10,
      ...(answer.error !== undefined && { status: answer.status, error: answer.error }),
      ...(hangUp.signal.aborted && { unheard: true }),
    };
    if (answer.error !== undefined) this.#options.logger.error(fields, method);
    else if (this.#options.methods.get(method)?.query === true) this.#options.logger.debug(fields, method);
    else this.#options.logger.info(fields, method);
  }

  async #answer(
    request: IncomingMessage,
    name: string,
    subject: Record<string, string>,
    call: Call,
  ): Promise<Answer> {
    const method = this.#options.methods.get(name);
    if (method === undefined) return driverError(404, "method not implemented");
    if (request.method !== "POST") return refusal(405, "method not allowed: use POST");
    try {
      const text = await readBody(request, this.#options.bodyLimitBytes);
      if (text === undefined) return refusal(413, "request body too large");
      const body = parseBody(text);
      Object.assign(subject, subjectOf(body));
      const result = await method.answer(body, call);
      if (result instanceof StreamedAnswer) {
        return { status: 200, contentType: "application/octet-stream", text: "", stream: result };
      }
      return { status: 200, contentType: pluginMediaType, text: JSON.stringify(result) };
    } catch (error) {
      if (error instanceof RequestError) return refusal(400, `bad request: ${error.message}`);
      if (error instanceof Error && error.stack !== undefined) {
        this.#options.logger.debug({ stack: error.stack }, `${name} failed`);
      }
      return driverError(500, error instanceof Error ? error.message : String(error));
    }
  }

  /** What fails now can only cut the answer: its beginning has been sent, because there may be nothing to tell for long. */
  async #stream(
    response: ServerResponse,
    answer: Answer,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<Answer> {
    try {
      response.writeHead(200, { "content-type": answer.contentType });
      response.flushHeaders();
      for await (const chunk of chunks) {
        if (response.destroyed) break;
        if (!response.write(chunk)) await roomIn(response);
      }
      response.end();
      return answer;
    } catch (error) {
      if (response.destroyed) return answer;
      response.destroy();
      return { ...answer, error: error instanceof Error ? error.message : String(error) };
    }
  }

  #send(response: ServerResponse, { status, contentType, text }: Answer): void {
    response.writeHead(status, {
      "content-type": contentType,
      "content-length": Buffer.byteLength(text),
      ...((this.#draining || status === 413) && { connection: "close" }),
    });
    response.end(text);
  }
}

/** Or its end. */
async function roomIn(response: ServerResponse): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  try {
    await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]);
  } finally {
    waiting.abort();
  }
}

/** A failure in the form from which the engine takes its message. */
function driverError(status: number, error: string): Answer {
  return { status, contentType: pluginMediaType, text: JSON.stringify({ Err: error }), error };
}

/** A request that reached no driver. */
function refusal(status: number, error: string): Answer {
  return { status, contentType: "text/plain; charset=utf-8", text: `${error}\n`, error };
}

function methodName(request: IncomingMessage): string {
  const path = request.url ?? "/";
  const query = path.indexOf("?");
  return path.slice(1, query === -1 ? undefined : query);
}

/** Nothing when it is longer than allowed; the rest is then left unread. */
async function readBody(request: IncomingMessage, limitBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // The plain iterator would destroy the connection on return, and with it the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: unknown = chunk;
    if (!Buffer.isBuffer(bytes)) throw new TypeError("request body: not bytes");
    sizeBytes += bytes.length;
    if (sizeBytes > limitBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The engine names no Content-Type, and sends nothing at all to methods without arguments. */
function parseBody(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** What the log line says the call was about; IDs as short as engines show them. */
function subjectOf(body: unknown): Record<string, string> {
  if (typeof body !== "object" || body === null) return {};
  return Object.fromEntries(
    Object.entries(body).flatMap(([key, value]) => {
      const name = subjectKeys[key];
      if (name === undefined || typeof value !== "string" || value === "") return [];
      return [[name, key === "Name" || key === "Address" ? value : value.slice(0, 12)]];
    }),
  );
}

const subjectKeys: Readonly<Record<string, string>> = {
  Name: "name",
  ID: "id",
  NetworkID: "network",
  EndpointID: "endpoint",
  PoolID: "pool",
  Address: "address",
};
