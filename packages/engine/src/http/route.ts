/**
 * How routes are written.
 *
 * A file under `routes/` exports one function from services to routes; a handler takes an `ApiRequest` and answers a value
 * made by `reply`, or throws an EngineError, whose kind decides the status and whose message the client is shown.
 *
 *     export function volumeRoutes(volumes: Volumes): readonly Route[] {
 *       return [
 *         {
 *           method: "POST",
 *           path: "/volumes/create",
 *           handle: async ({ body, signal }) => {
 *             const wanted = await body.json(volumeCreateBodySchema, { whenEmpty: {} });
 *             return reply.json(await volumes.create(wanted, signal), 201);
 *           },
 *         },
 *         {
 *           method: "DELETE",
 *           path: "/volumes/{name:.*}",
 *           handle: async ({ param, query, signal }) => {
 *             await volumes.remove(param("name"), { force: query.flag("force"), signal });
 *             return reply.empty(204);
 *           },
 *         },
 *       ];
 *     }
 *
 * - `{name}` takes one segment of the path, `{name:.*}` as much as it can, slashes included; neither is ever empty. Paths are
 *   decoded before they are matched, so `%2F` is a slash. Routes without names are tried first, then the others
 *   in their order; all in the order in which the arrays were given.
 * - Paths are written without `/v1.51`; the version that was asked for is `request.version`.
 * - `request.signal` fires when the client is gone or the engine stops: pass it on.
 * - Credentials: `registryAuth(headers)` and `registryMetaHeaders(headers)`.
 * - Attached output: `hijack: true` on the route, `reply.hijack(outputContentType(version, { tty }), run)`, and frames from
 *   `streamFrame`. What the handler throws before that is sent as plain text, as clients of such routes expect.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { ApiVersion } from "./api-version.ts";
import type { ClientIdentity } from "./client-identity.ts";
import type { Query } from "./query.ts";
import type { ApiReply } from "./reply.ts";
import type { RequestBody } from "./request-body.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS";

/** What was sent, for whoever judges a request before its handler. */
export interface RequestOrigin {
  /** As the client wrote it, without the host. */
  readonly rawPath: string;
  /** Likewise, without the question mark; empty if there is none. */
  readonly rawQuery: string;
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  /** By its certificate; undefined where clients need none. */
  readonly client: () => ClientIdentity | undefined;
  /** False where the connection has been taken over: what follows the headers is the stream's and nobody's body. */
  readonly hasBody: boolean;
}

export interface ApiRequest {
  readonly method: string;
  /** Decoded, without the version. */
  readonly path: string;
  readonly version: ApiVersion;
  /** What a `{name}` of the route stands for. */
  readonly param: (name: string) => string;
  readonly query: Query;
  readonly headers: IncomingHttpHeaders;
  readonly body: RequestBody;
  readonly origin: RequestOrigin;
  /** Fires when the client is gone or the engine stops. */
  readonly signal: AbortSignal;
}

export type Handler = (request: ApiRequest) => Promise<ApiReply>;

/** Stands before every handler and before the version is checked, as at the Engine; calls `next` or answers (or throws) in its stead. */
export type Middleware = (request: ApiRequest, next: Handler) => Promise<ApiReply>;

export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly handle: Handler;
  /**
   * Its reply takes the connection over: at once, or, where its body is read first and its reply may be any, after it; or it makes
   * a websocket of it.
   */
  readonly hijack?: boolean | "after-body" | "websocket";
}
