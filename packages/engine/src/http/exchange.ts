import type { IncomingMessage, ServerResponse } from "node:http";
import { EngineError, isCanceled, messageOf } from "../core/errors.ts";
import { interruptible } from "../core/interruptible.ts";
import type { ByteStream } from "../core/ports/byte-stream.ts";
import type { Logger } from "../core/ports/logger.ts";
import { type ApiVersionRange, requireSupported } from "./api-version.ts";
import type { ClientIdentity } from "./client-identity.ts";
import { statusOf } from "./error-status.ts";
import { refuseHijack, serveHijack, type TakenConnection, takeConnection } from "./hijack.ts";
import { Query } from "./query.ts";
import type { ApiReply } from "./reply.ts";
import { requestBody } from "./request-body.ts";
import type { ApiRequest, Handler, Middleware } from "./route.ts";
import type { RouteMatch } from "./router.ts";
import { sendError, sendReply } from "./send-reply.ts";
import { splitTarget } from "./split-target.ts";
import type { Unanswered } from "./unanswered.ts";
import { refuseUpgrade, serveWebsocket } from "./websocket.ts";

export type FoundRoute = Extract<RouteMatch, { readonly kind: "found" }>;

export interface ExchangeContext {
  readonly versions: ApiVersionRange;
  readonly middleware: readonly Middleware[];
  readonly logger: Logger;
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  readonly identify: (request: IncomingMessage) => ClientIdentity | undefined;
  readonly unanswered: Pick<Unanswered, "requireOnly">;
}

/** One request from its routing to the end of its reply. */
export class Exchange {
  readonly #context: ExchangeContext;
  readonly #request: IncomingMessage;
  readonly #found: FoundRoute;
  readonly #controller = new AbortController();
  #streaming = false;
  /** Whether the route's handler has begun: what is refused before is refused in plain HTTP on every route. */
  #reached = false;
  #takenOver = false;

  constructor(context: ExchangeContext, request: IncomingMessage, found: FoundRoute) {
    this.#context = context;
    this.#request = request;
    this.#found = found;
  }

  get path(): string {
    return this.#found.path;
  }

  /** True once it answers with something that has no end of its own, such as events. */
  get streaming(): boolean {
    return this.#streaming;
  }

  /** True while its body is not here whole. */
  get receiving(): boolean {
    return !this.#request.complete;
  }

  abort(reason: string): void {
    this.#controller.abort(new EngineError("canceled", reason));
  }

  /** Answers over HTTP. Never throws. */
  async answer(response: ServerResponse): Promise<void> {
    const flushed = new Promise<void>((resolve) => {
      response.once("finish", resolve);
      response.once("close", () => {
        if (!response.writableFinished) this.abort("the client is gone");
        resolve();
      });
    });
    const { signal } = this.#controller;
    try {
      const answer = await this.#handle();
      if (answer.kind === "hijack") return await this.#hijackLate(answer, response);
      if (answer.kind === "websocket") throw new Error("a websocket for a request that did not ask for one");
      this.#streaming = answer.kind !== "progress" && isStream(answer);
      await sendReply(response, answer, { signal, onLateError: (error) => this.#log(error) });
    } catch (error) {
      this.#log(error);
      if (response.headersSent || (isCanceled(error) && response.destroyed)) response.destroy();
      else sendError(response, statusOf(error), messageOf(error));
    } finally {
      // What the handler left unread would stand before the connection's next request.
      if (!this.#request.complete) this.#request.resume();
    }
    await flushed;
  }

  /** Takes the connection over once the body is read; clients send more only after they have been answered. */
  async #hijackLate(
    answer: Extract<ApiReply, { readonly kind: "hijack" }>,
    response: ServerResponse,
  ): Promise<void> {
    if (this.#found.route.hijack !== "after-body") {
      throw new Error("hijack from a route that is not marked for it");
    }
    this.#context.unanswered.requireOnly(this.#request, response);
    const upgrade = this.#request.headers.upgrade === "tcp";
    const headers = Object.fromEntries(
      Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
    );
    const taken = { ...takeConnection(this.#request, response), upgrade };
    const flushed = this.#flushed(taken);
    this.#streaming = true;
    try {
      await serveHijack(taken, { ...answer, headers, signal: this.#controller.signal });
    } catch (error) {
      this.#log(error);
    }
    await flushed;
  }

  /** Resolves when the connection has ended; one that is cut ends the request. */
  #flushed({ socket }: TakenConnection): Promise<void> {
    socket.on("error", () => this.abort("the client is gone"));
    return new Promise<void>((resolve) => {
      socket.once("finish", resolve);
      socket.once("close", () => {
        this.abort("the client is gone");
        resolve();
      });
    });
  }

  /** Answers on a connection that was taken over as soon as the request came. Never throws. */
  takeOver(taken: TakenConnection): Promise<void> {
    this.#takenOver = true;
    return this.#found.route.hijack === "websocket" ? this.#websocket(taken) : this.#hijack(taken);
  }

  async #hijack(taken: TakenConnection): Promise<void> {
    const flushed = this.#flushed(taken);
    try {
      const answer = await this.#handle();
      if (answer.kind !== "hijack") throw new Error("a route marked for hijacking answered otherwise");
      this.#streaming = true;
      await serveHijack(taken, { ...answer, signal: this.#controller.signal });
    } catch (error) {
      this.#log(error);
      if (this.#reached && !this.#streaming) refuseHijack(taken, statusOf(error), messageOf(error));
      else if (!this.#streaming) this.#refuseUpgrade(taken, error);
    }
    await flushed;
  }

  /** Answers a request for a websocket: with one, or over HTTP. */
  async #websocket(taken: TakenConnection): Promise<void> {
    const flushed = this.#flushed(taken);
    try {
      const answer = await this.#handle();
      if (answer.kind !== "websocket") throw new Error("a route marked for websockets answered otherwise");
      this.#streaming = true;
      await serveWebsocket(this.#request, taken, answer);
    } catch (error) {
      this.#log(error);
      if (!this.#streaming) this.#refuseUpgrade(taken, error);
    }
    await flushed;
  }

  #refuseUpgrade({ socket }: TakenConnection, error: unknown): void {
    const { headers } = this.#context;
    refuseUpgrade(this.#request, socket, { status: statusOf(error), message: messageOf(error), headers });
  }

  async #handle(): Promise<ApiReply> {
    const { versions, middleware } = this.#context;
    const { route, version = versions.max } = this.#found;
    const handle = middleware.reduceRight<Handler>(
      (next, layer) => (request) => layer(request, next),
      async (request) => {
        requireSupported(version, versions);
        this.#reached = true;
        return await route.handle(request);
      },
    );
    return handle(this.#apiRequest());
  }

  #apiRequest(): ApiRequest {
    const { route, params, version = this.#context.versions.max, path } = this.#found;
    const { headers, rawHeaders, method = "GET", url = "/" } = this.#request;
    const { rawPath, rawQuery } = splitTarget(url);
    return {
      method,
      path,
      version,
      headers,
      param: (name) => {
        const value = params[name];
        if (value === undefined) throw new Error(`route ${route.path} has no {${name}}`);
        return value;
      },
      query: new Query(parameters(rawQuery)),
      body: requestBody(this.#bodyBytes(), { contentType: headers["content-type"] }),
      origin: {
        rawPath,
        rawQuery,
        rawHeaders: inPairs(rawHeaders),
        client: () => this.#context.identify(this.#request),
        hasBody: !this.#takenOver,
      },
      signal: this.#controller.signal,
    };
  }

  async *#bodyBytes(): AsyncGenerator<Uint8Array> {
    const { signal } = this.#controller;
    // A reader that stops early must not cost the client its answer.
    const chunks: ByteStream = this.#request.iterator({ destroyOnReturn: false });
    try {
      // A client that has stopped sending says nothing at all.
      yield* interruptible(chunks, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new EngineError("canceled", `read request body: ${messageOf(error)}`, { cause: error });
    }
  }

  #log(error: unknown): void {
    const fields = { method: this.#found.route.method, path: this.#found.path, err: error };
    const { logger } = this.#context;
    if (statusOf(error) === 500) logger.error(fields, `request failed: ${messageOf(error)}`);
    else logger.debug(fields, `request refused: ${messageOf(error)}`);
  }
}

/** A second question mark is part of a name, as it is to Go. */
const parameters = (rawQuery: string): URLSearchParams => new URLSearchParams(`?${rawQuery}`);

const isStream = ({ kind }: ApiReply): boolean =>
  kind === "json-lines" || kind === "bytes" || kind === "late-json" || kind === "hijack";

const inPairs = (flat: readonly string[]): readonly (readonly [string, string])[] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ""] as const] : []));
