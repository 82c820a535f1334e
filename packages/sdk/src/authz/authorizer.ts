import type { Awaitable } from "../awaitable.ts";
import type { Call } from "../rpc/rpc-method.ts";

/** What a client asks of the engine's API, decoded as the engine reads it. */
export interface AuthorizationRequest {
  /** The common name of the client's certificate. Without one (the UNIX socket, TCP without `--tlsverify`) the user is not known. */
  readonly user: string | undefined;
  /** The client's certificate in PEM, first; empty without one. */
  readonly certificates: readonly string[];
  readonly method: string;
  /** Decoded, without the version: `/containers/create`. */
  readonly path: string;
  /** Of the API, as asked for: `1.41`. */
  readonly version: string | undefined;
  /** Where a parameter is given twice the engine reads the first. */
  readonly query: URLSearchParams;
  /** Names as Go writes them: `Content-Type`. Credentials are left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of a JSON body, its value; undefined where there is none, and for uploads and `/auth`, whose bodies are not shown. */
  readonly body: unknown;
}

/** What the engine is about to answer; the work itself is done. */
export interface AuthorizationResponse {
  readonly request: AuthorizationRequest;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As that of the request; undefined for streams, too. */
  readonly body: unknown;
}

export type AuthorizationDecision =
  | { readonly allow: true }
  /** The reason is shown to the user. */
  | { readonly allow: false; readonly reason: string };

/**
 * Decides who may do what. What it throws denies, as does everything that keeps it from answering.
 * https://docs.docker.com/engine/extend/plugins_authorization/
 */
export interface Authorizer {
  /** Before anything is done. */
  authorizeRequest(request: AuthorizationRequest, call: Call): Awaitable<AuthorizationDecision>;

  /** Before the first byte is sent. Left out: whoever was allowed to ask may have the answer. */
  authorizeResponse?(response: AuthorizationResponse, call: Call): Awaitable<AuthorizationDecision>;
}
