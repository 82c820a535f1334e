import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

/** One call of the Plugin API as it arrived. */
export interface PluginCall {
  /** e.g. `VolumeDriver.Create` */
  readonly method: string;
  /** The body as JSON; undefined if it is empty, its text if it is no JSON. */
  readonly body: unknown;
  readonly rawBody: string;
  readonly headers: IncomingHttpHeaders;
  /** Resolves when the caller has hung up before it was answered. */
  readonly hungUp: Promise<void>;
  /** Breaks the connection without an answer. */
  readonly hangUp: () => void;
}

/** The plugin's answer, if it is anything but status 200 and JSON. */
export class PluginReply {
  readonly status: number;
  /** A text goes as it is, anything else as JSON. */
  readonly content: unknown;
  /** Breaks the connection after the content, which was told to be longer. */
  readonly cutShort: boolean;

  constructor(status: number, content: unknown, { cutShort = false }: { readonly cutShort?: boolean } = {}) {
    this.status = status;
    this.content = content;
    this.cutShort = cutShort;
  }
}

/**
 * What to answer: a value is sent as JSON, a `PluginReply` as it says, a `Readable` as it comes; what never resolves is never
 * answered.
 */
export type PluginAnswer = (body: unknown, call: PluginCall) => unknown;

/** The documented way to say that a call failed. */
export const pluginError = (message: string): PluginReply => new PluginReply(500, { Err: message });

export interface PluginServerTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Asks for a client certificate that this authority has signed. */
  readonly clientCa?: string | Buffer | undefined;
}

export interface PluginServerOptions {
  /** By method; a method that is not there is answered with 404, as by Go's HTTP server. */
  readonly answers: Readonly<Record<string, PluginAnswer>>;
  /** What `Plugin.Activate` answers, unless `answers` has it. */
  readonly implements?: readonly string[] | undefined;
  /** A path, or a port of 127.0.0.1 (0: a free one). */
  readonly listen:
    | { readonly socket: string }
    | { readonly port: number; readonly tls?: PluginServerTls | undefined };
}

/** A plugin in the test's own process, which records every call. */
export class PluginServer implements AsyncDisposable {
  /** What was called since `forget`, in order. */
  readonly calls: PluginCall[] = [];
  /** How many connections were made to it. */
  connections = 0;
  readonly #options: PluginServerOptions;
  readonly #unseen: PluginCall[] = [];
  readonly #waiting: { readonly method: string; readonly resolve: (call: PluginCall) => void }[] = [];
  #answers: Readonly<Record<string, PluginAnswer>>;
  #server: ReturnType<typeof createServer> | undefined;
  #port = 0;

  constructor(options: PluginServerOptions) {
    const { answers, implements: types } = options;
    this.#options = options;
    this.#answers = { ...(types && { "Plugin.Activate": () => ({ Implements: types }) }), ...answers };
    if ("port" in options.listen) this.#port = options.listen.port;
  }

  /** As `.spec` files name it: `unix:///…`, `tcp://127.0.0.1:40123`, or `https://localhost:40123`. */
  get address(): string {
    const { listen } = this.#options;
    if ("socket" in listen) return `unix://${listen.socket}`;
    return listen.tls === undefined
      ? `tcp://127.0.0.1:${String(this.#port)}`
      : `https://localhost:${String(this.#port)}`;
  }

  /** Names of the methods called since `forget`, in order. */
  get methods(): readonly string[] {
    return this.calls.map(({ method }) => method);
  }

  /** Changes some of the answers from now on. */
  answer(answers: Readonly<Record<string, PluginAnswer>>): void {
    this.#answers = { ...this.#answers, ...answers };
  }

  /** Each call is handed out once: the first of that method that nobody was given yet, past or to come. */
  async nextCall(method: string, signal = AbortSignal.timeout(30_000)): Promise<PluginCall> {
    const index = this.#unseen.findIndex((call) => call.method === method);
    const [past] = index < 0 ? [] : this.#unseen.splice(index, 1);
    if (past !== undefined) return past;
    const arrived = Promise.withResolvers<PluginCall>();
    const waiter = { method, resolve: arrived.resolve };
    this.#waiting.push(waiter);
    const abort = (): void =>
      arrived.reject(new Error(`no call of ${method}; there were: ${this.methods.join(" ") || "none"}`));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      return await arrived.promise;
    } finally {
      signal.removeEventListener("abort", abort);
      if (this.#waiting.includes(waiter)) this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
    }
  }

  forget(): void {
    this.calls.length = 0;
    this.#unseen.length = 0;
  }

  /** Listens, on the same address as before if it has. */
  async start(): Promise<void> {
    const { listen } = this.#options;
    const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
      // A caller that hangs up, and an answer that fails on purpose, end the connection and nothing else.
      this.#onRequest(incoming, response).catch(() => response.destroy());
    };
    const tls = "port" in listen ? listen.tls : undefined;
    const server =
      tls === undefined
        ? createServer(onRequest)
        : createTlsServer(
            { cert: tls.cert, key: tls.key, ca: tls.clientCa, requestCert: tls.clientCa !== undefined },
            onRequest,
          );
    server.on("connection", () => {
      this.connections += 1;
    });
    if ("socket" in listen) server.listen(listen.socket);
    else server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    const bound = server.address();
    if (bound !== null && typeof bound === "object") this.#port = bound.port;
    this.#server = server;
  }

  /** Hangs up on everybody and listens no more; a socket's file goes. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #onRequest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const hungUp = Promise.withResolvers<void>();
    response.once("close", () => {
      if (!response.writableFinished) hungUp.resolve();
    });
    const rawBody = await text(incoming);
    const method = (incoming.url ?? "").replace(/^\//, "");
    const call = {
      method,
      body: decoded(rawBody),
      rawBody,
      headers: incoming.headers,
      hungUp: hungUp.promise,
      hangUp: () => void response.destroy(),
    };
    this.#record(call);
    const answer = this.#answers[method];
    if (answer === undefined) {
      response.writeHead(404).end("404 page not found\n");
      return;
    }
    const content = await answer(call.body, call);
    if (response.destroyed) return;
    if (content instanceof Readable) {
      response.writeHead(200);
      response.flushHeaders();
      await pipeline(content, response);
    } else if (content instanceof PluginReply && content.cutShort) {
      const sent = encoded(content.content);
      response.writeHead(content.status, { "Content-Length": Buffer.byteLength(sent) + 1 });
      response.write(sent, () => response.destroy());
    } else if (content instanceof PluginReply) {
      response.writeHead(content.status).end(encoded(content.content));
    } else {
      response.writeHead(200).end(encoded(content));
    }
  }

  #record(call: PluginCall): void {
    this.calls.push(call);
    const index = this.#waiting.findIndex(({ method }) => method === call.method);
    const [waiter] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiter === undefined) this.#unseen.push(call);
    else waiter.resolve(call);
  }
}

function decoded(rawBody: string): unknown {
  if (rawBody === "") return undefined;
  try {
    return JSON.parse(rawBody);
  } catch {
    return rawBody;
  }
}

const encoded = (content: unknown): string =>
  typeof content === "string" ? content : `${JSON.stringify(content ?? {})}\n`;

export async function startPluginServer(options: PluginServerOptions): Promise<PluginServer> {
  const server = new PluginServer(options);
  await server.start();
  return server;
}
