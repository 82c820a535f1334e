import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { DoorRequest, Translation } from "../../core/ports/plugin-doors.ts";

/** Requests, and answers that are translated, are held whole: an authorization plugin's hold the body of another request. */
const maxHeldBytes = 16 * 1024 * 1024;
const mediaType = "application/vnd.docker.plugins.v1.2+json";

/** A call that is not passed on. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Passes calls from one door to one plugin. */
export class Forwarder {
  readonly #door: DoorRequest;
  readonly #logger: Logger;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #closing = new AbortController();

  constructor(door: DoorRequest, logger: Logger) {
    this.#door = door;
    this.#logger = logger;
  }

  handle(incoming: IncomingMessage, response: ServerResponse): void {
    this.#serve(incoming, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      const fields = { door: this.#door.path, path: incoming.url, reason: messageOf(error) };
      this.#logger.debug(fields, "call at a plugin's door failed");
      if (response.headersSent) response.destroy();
      else send(response, status, { Err: messageOf(error) });
    });
  }

  /** Cuts what is under way. */
  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = /^\/([A-Za-z]+\.[A-Za-z]+)$/.exec(incoming.url ?? "")?.[1] ?? "";
    const answer = this.#door.answers.get(method);
    if (answer === undefined && !this.#door.passes(method)) throw new Refusal(404, "method not implemented");
    if (incoming.method !== "POST") throw new Refusal(405, "method not allowed: use POST");
    const body = await held(incoming, () => new Refusal(413, "request body too large"));
    if (answer !== undefined) {
      send(response, 200, answer);
      return;
    }
    const hungUp = new AbortController();
    response.once("close", () => hungUp.abort());
    const signal = AbortSignal.any([hungUp.signal, this.#closing.signal]);
    const upstream = await this.#ask(method, body, incoming.headers.accept, signal);
    const translation = upstream.statusCode === 200 ? this.#door.translation(method) : undefined;
    if (translation === undefined) await passOn(upstream, response);
    else send(response, 200, await translated(method, upstream, translation));
  }

  /**
   * A plugin whose queue of connections is full refuses more with EAGAIN. Nothing tells when there is room, and nothing has been
   * sent: tried again, for about a second.
   */
  async #ask(
    method: string,
    body: Buffer,
    accept: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    for (let delayMs = 4; ; delayMs *= 2) {
      try {
        return await this.#askOnce(method, body, accept, signal);
      } catch (error) {
        if (errnoOf(error) !== "EAGAIN" || delayMs > 512) {
          const reason = `the plugin cannot be reached: ${messageOf(error)}`;
          throw new EngineError("unavailable", reason, { cause: error });
        }
        await setTimeout(delayMs, undefined, { signal });
      }
    }
  }

  /** As engines ask: no type of the content, since there are plugins that know none. */
  #askOnce(
    method: string,
    body: Buffer,
    accept: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const asking = request(
      {
        socketPath: this.#door.target,
        path: `/${method}`,
        method: "POST",
        agent: this.#agent,
        headers: {
          host: "plugin.moby.localhost",
          accept: accept ?? mediaType,
          "content-length": body.length,
        },
        signal,
      },
      resolve,
    );
    asking.once("error", reject);
    asking.end(body);
    return promise;
  }
}

async function passOn(upstream: IncomingMessage, response: ServerResponse): Promise<void> {
  const { "content-type": type, "content-length": length } = upstream.headers;
  response.writeHead(upstream.statusCode ?? 502, {
    ...(type !== undefined && { "content-type": type }),
    ...(length !== undefined && { "content-length": length }),
  });
  // What streams is seen as it comes.
  response.flushHeaders();
  await pipeline(upstream, response);
}

async function translated(
  method: string,
  upstream: IncomingMessage,
  translation: Translation,
): Promise<object> {
  const tooLarge = (): EngineError =>
    new EngineError("internal", `${method}: answer of more than ${maxHeldBytes} bytes`);
  const text = (await held(upstream, tooLarge)).toString("utf8");
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new EngineError("internal", `${method}: undecodable answer: ${messageOf(error)}`, { cause: error });
  }
  return translation(answer);
}

async function held(message: IncomingMessage, tooLarge: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Not destroyed with the loop: the refusal goes out on the same connection.
  for await (const chunk of message.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.length;
    if (sizeBytes > maxHeldBytes) throw tooLarge();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, content: object): void {
  const text = `${JSON.stringify(content)}\n`;
  response.writeHead(status, {
    "content-type": mediaType,
    "content-length": Buffer.byteLength(text),
    // The rest of a request that is too large is not read.
    ...(status === 413 && { connection: "close" }),
  });
  response.end(text);
}
