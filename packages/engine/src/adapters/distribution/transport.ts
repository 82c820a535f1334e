import { STATUS_CODES } from "node:http";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { EngineError, errnoOf } from "../../core/errors.ts";
import { abortable } from "./abortable.ts";
import type { Dispatchers } from "./dispatchers.ts";
import { canceledRequest, displayUrl, requestFailure } from "./registry-errors.ts";
import { discardBody, headerOf, type RegistryResponse } from "./registry-response.ts";

export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to `url`'s own origin only: credentials and the client's own headers do not follow a redirect elsewhere. */
  readonly originHeaders?: Readonly<Record<string, string>>;
  /** A stream is made anew by each call; a request with one is not repeated. */
  readonly body?: string | Uint8Array | (() => Readable);
  readonly signal: AbortSignal;
  /** Overrides the transport's own. */
  readonly headersTimeoutMs?: number;
}

export interface TransportOptions {
  readonly dispatchers: Dispatchers;
  readonly userAgent: string;
  readonly headersTimeoutMs: number;
  /** Doubles with each repetition. */
  readonly retryDelayMs: number;
}

const maxRetries = 3;
const maxRedirects = 10;
const maxRetryAfterMs = 10_000;
const retriedCodes: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);
const retriedStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Sends requests: follows redirects of GET and HEAD, repeats what may be repeated, and tells failures. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  async send(request: RegistryRequest): Promise<RegistryResponse> {
    const follows = request.method === "GET" || request.method === "HEAD";
    let url = request.url;
    let originHeaders = request.originHeaders ?? {};
    for (let hops = 0; ; hops++) {
      const response = await this.#sendWithRetries({ ...request, url, originHeaders });
      const location = headerOf(response, "location");
      if (!follows || location === undefined || !redirectStatuses.has(response.status)) return response;
      await discardBody(response);
      url = redirectTarget(location, url, hops);
      if (url.origin !== request.url.origin) originHeaders = {};
    }
  }

  async close(): Promise<void> {
    await this.#options.dispatchers.destroy();
  }

  async #sendWithRetries(request: RegistryRequest): Promise<RegistryResponse> {
    const repeatable = request.method !== "POST" && typeof request.body !== "function";
    for (let attempt = 0; ; attempt++) {
      const last = !repeatable || attempt === maxRetries;
      let waitMs = this.#options.retryDelayMs * 2 ** attempt;
      try {
        const response = await this.#exchange(request);
        if (last || !retriedStatuses.has(response.status)) return response;
        const after = retryAfterMs(headerOf(response, "retry-after"));
        if (after !== undefined && after > maxRetryAfterMs) return response;
        waitMs = after ?? waitMs;
        await discardBody(response);
      } catch (error) {
        if (request.signal.aborted) throw canceledRequest(request.method, request.url, request.signal);
        if (last || !retriedCodes.has(errnoOf(error) ?? "")) {
          throw requestFailure(request.method, request.url, error);
        }
      }
      await delay(waitMs, undefined, { signal: request.signal }).catch(() => {
        throw canceledRequest(request.method, request.url, request.signal);
      });
    }
  }

  async #exchange(request: RegistryRequest): Promise<RegistryResponse> {
    const { url, method, signal, body } = request;
    signal.throwIfAborted();
    const dispatcher = await abortable("connect", this.#options.dispatchers.for(url), signal);
    const {
      statusCode,
      statusText,
      headers,
      body: answer,
    } = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { ...request.headers, ...request.originHeaders, "user-agent": this.#options.userAgent },
      body: typeof body === "function" ? body() : (body ?? null),
      signal,
      headersTimeout: request.headersTimeoutMs ?? this.#options.headersTimeoutMs,
      bodyTimeout: this.#options.headersTimeoutMs,
    });
    // An abort between the answer and the first read must not count as an unhandled error; the reader sees it too.
    answer.on("error", () => {});
    return {
      status: statusCode,
      statusText: statusText || (STATUS_CODES[statusCode] ?? ""),
      headers,
      body: answer,
      url,
    };
  }
}

function redirectTarget(location: string, from: URL, hops: number): URL {
  const target = URL.parse(location, from.href);
  if (target === null || (target.protocol !== "http:" && target.protocol !== "https:")) {
    throw new EngineError("unavailable", `${displayUrl(from)}: redirected to an unusable location`);
  }
  if (hops >= maxRedirects) {
    throw new EngineError("unavailable", `${displayUrl(from)}: stopped after ${maxRedirects} redirects`);
  }
  return target;
}

/** https://www.rfc-editor.org/rfc/rfc9110#field.retry-after: seconds or a date. */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined || value.trim() === "") return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
