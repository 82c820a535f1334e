import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
} from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errnoOf, Failure, messageOf, UnreachableFailure } from "../failure.ts";
import type { Endpoint, TlsMaterial } from "./endpoint.ts";

export interface TransportRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Readable;
  readonly signal: AbortSignal;
}

/**
 * HTTP over the daemon's socket. On node:http, because attaching needs its `upgrade` event anyway and a second
 * HTTP client would cost half of the start-up time.
 */
export class Transport {
  readonly endpoint: Endpoint;
  readonly #request: typeof request;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(endpoint: Endpoint, headers: Readonly<Record<string, string>> = {}) {
    this.endpoint = endpoint;
    this.#headers = headers;
    // Loaded for TLS only: it costs milliseconds.
    const secure = endpoint.tls === undefined ? undefined : process.getBuiltinModule("node:https");
    this.#request = secure?.request ?? request;
    this.#agent = new (secure?.Agent ?? Agent)({ keepAlive: true });
  }

  /** Resolves at the response's head, whatever its status. */
  async send(options: TransportRequest): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = this.#request({ ...this.#options(options), agent: this.#agent });
    let answered = false;
    outgoing.on("response", (response) => {
      answered = true;
      resolve(response);
    });
    outgoing.on("error", (error) => reject(this.#failure(error, options.signal)));
    if (options.body === undefined || typeof options.body === "string") {
      outgoing.end(options.body);
    } else {
      pipeline(options.body, outgoing).catch((error: unknown) => {
        // A daemon may answer before it has read everything; then its answer counts, not the broken upload.
        if (!answered) reject(this.#failure(error, options.signal));
      });
    }
    return promise;
  }

  /** A request that may turn the connection into a byte stream; the caller listens for `upgrade` itself. */
  upgrade(options: TransportRequest): ClientRequest {
    return this.#request({ ...this.#options(options), agent: false });
  }

  close(): void {
    this.#agent.destroy();
  }

  #options(options: TransportRequest) {
    return {
      ...this.endpoint.connection,
      method: options.method,
      path: options.path,
      headers: { Host: this.#hostHeader(), ...this.#headers, ...options.headers },
      ...(this.endpoint.tls === undefined ? withoutTls : tlsOptions(this.endpoint.tls)),
      signal: options.signal,
    };
  }

  /** A socket has no name, but HTTP wants one. */
  #hostHeader(): string {
    const { connection } = this.endpoint;
    if ("socketPath" in connection) return "davit.localhost";
    const { host, port } = connection;
    return `${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  #failure(error: unknown, signal: AbortSignal): unknown {
    return signal.aborted ? signal.reason : connectionFailure(error, this.endpoint);
  }
}

// Given, it is not looked for: that costs milliseconds, for TLS alone.
const withoutTls = { servername: "" };

function tlsOptions(tls: TlsMaterial) {
  const { verify, ...material } = tls;
  return { ...material, rejectUnauthorized: verify };
}

/** Tells a connection that could not be made in the user's words. */
export function connectionFailure(error: unknown, endpoint: Endpoint): Failure {
  const { url } = endpoint;
  const code = errnoOf(error) ?? "";
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
    case "ENOTSOCK":
      return new UnreachableFailure(`Cannot connect to the Davit daemon at ${url}: is davitd running?`, {
        cause: error,
      });
    case "EACCES":
      return new UnreachableFailure(
        `permission denied while trying to connect to the Davit daemon at ${url}: are you allowed to use its socket?`,
        { cause: error },
      );
    default:
      if (error instanceof Failure) return error;
      return new UnreachableFailure(
        `error during connect: ${url}: ${messageOf(error) || code || "connection failed"}`,
        { cause: error },
      );
  }
}
