import type { IncomingMessage, ServerResponse } from "node:http";
import { EngineError, isCanceled, messageOf } from "../core/errors.ts";
import { interruptible } from "../core/interruptible.ts";
import type { ByteStream } from "../core/ports/byte-stream.ts";
import type { Logger } from "../core/ports/logger.ts";
import { type ApiVersionRange, requireSupported } from "./api-version.ts";
import { statusOf } from "./error-status.ts";
import { refuseHijack, serveHijack, type TakenConnection, takeConnection } from "./hijack.ts";
import { Query } from "./query.ts";
import type { ApiReply, ReplyHeaders } from "./reply.ts";
import { requestBody } from "./request-body.ts";
import type { ApiRequest, Handler, Middleware } from "./route.ts";
import type { RouteMatch } from "./router.ts";
import { sendError, sendReply } from "./send-reply.ts";
import { refuseUpgrade, serveWebsocket } from "./websocket.ts";

export type FoundRoute = Extract<RouteMatch, { readonly kind: "found" }>;

export interface ExchangeContext {
  readonly versions: ApiVersionRange;
  readonly middleware: readonly Middleware[];
  readonly logger: Logger;
}

/** One request from its routing to the end of its reply. */
export class Exchange {
  readonly #context: ExchangeContext;
  readonly #request: IncomingMessage;
  readonly #found: FoundRoute;
  readonly #controller = new AbortController();
  #streaming = false;

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

  /** Answers on a connection taken over. Never throws. */
  async hijack(taken: TakenConnection): Promise<void> {
    const flushed = this.#flushed(taken);
    try {
      const answer = await this.#handle();
      if (answer.kind !== "hijack") throw new Error("a route marked for hijacking answered otherwise");
      this.#streaming = true;
      await serveHijack(taken, { ...answer, signal: this.#controller.signal });
    } catch (error) {
      this.#log(error);
      if (!this.#streaming) refuseHijack(taken, statusOf(error), messageOf(error));
    }
    await flushed;
  }

  /** Answers a request for a websocket: with one, or over HTTP with `headers`. Never throws. */
  async websocket(taken: TakenConnection, headers: ReplyHeaders): Promise<void> {
    const flushed = this.#flushed(taken);
    try {
      const answer = await this.#handle();
      if (answer.kind !== "websocket") throw new Error("a route marked for websockets answered otherwise");
      this.#streaming = true;
      await serveWebsocket(this.#request, taken, answer);
    } catch (error) {
      this.#log(error);
      const refusal = { status: statusOf(error), message: messageOf(error), headers };
      if (!this.#streaming) refuseUpgrade(this.#request, taken.socket, refusal);
    }
    await flushed;
  }

  async #handle(): Promise<ApiReply> {
    const { versions, middleware } = this.#context;
    const { route, version = versions.max } = this.#found;
    requireSupported(version, versions);
    const handle = middleware.reduceRight<Handler>(
      (next, layer) => (request) => layer(request, next),
      route.handle,
    );
    return handle(this.#apiRequest());
  }

  #apiRequest(): ApiRequest {
    const { route, params, version = this.#context.versions.max, path } = this.#found;
    const { headers, method = "GET", url = "" } = this.#request;
    const question = url.indexOf("?");
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
      query: new Query(new URLSearchParams(question === -1 ? "" : url.slice(question + 1))),
      body: requestBody(this.#bodyBytes(), headers["content-type"]),
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

const isStream = ({ kind }: ApiReply): boolean =>
  kind === "json-lines" || kind === "bytes" || kind === "late-json" || kind === "hijack";
