import type { Digest } from "@davit/protocol";
import * as z from "zod";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import { familiarRepository, type Reference } from "../../core/reference.ts";
import { parseChallenges } from "./challenge.ts";
import { contentTypeOf, type RegistryResponse, readLimited } from "./registry-response.ts";

/** No answer came: the least telling of failures when several endpoints were tried. */
class RequestFailure extends EngineError {
  /** The peer does not speak TLS: what plain HTTP comes to says more. */
  readonly wantsPlainHttp: boolean;

  constructor(message: string, cause: unknown) {
    super("unavailable", message, { cause });
    this.wantsPlainHttp = plainHttpCodes.has(errnoOf(cause) ?? "");
  }
}

/** No answer, or one that ended before its end: asking again may help. */
export const isBrokenOff = (error: unknown): boolean => error instanceof RequestFailure;

/** The other side was silent for as long as is waited for. */
export const isTimeout = (error: unknown): boolean =>
  error instanceof RequestFailure && timeoutCodes.has(errnoOf(error.cause) ?? "");

const timeoutCodes: ReadonlySet<string> = new Set([
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const plainHttpCodes: ReadonlySet<string> = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
]);

/** Of the failures at two endpoints the one that got further; the first if neither did. */
export function moreAdvanced(first: unknown, second: unknown): unknown {
  return first === undefined || advance(second) > advance(first) ? second : first;
}

/** No answer < not found < any other answer. */
function advance(error: unknown): number {
  if (error instanceof RequestFailure) return error.wantsPlainHttp ? -1 : 0;
  return error instanceof EngineError && error.kind === "not-found" ? 1 : 2;
}

/** A URL for people: without query and credentials, which may be secrets. */
export function displayUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

export function canceledRequest(method: string, url: URL, signal: AbortSignal): EngineError {
  return new EngineError("canceled", `${titled(method)} "${displayUrl(url)}": context canceled`, {
    cause: signal.reason,
  });
}

/** What a request that got no answer (or half of one) failed with, in the Engine's words. */
export function requestFailure(method: string, url: URL, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const text = `${titled(method)} "${displayUrl(url)}": ${reasonOf(url, error)}`;
  return new RequestFailure(text, error);
}

const titled = (method: string): string => `${method.charAt(0)}${method.slice(1).toLowerCase()}`;

function reasonOf(url: URL, error: unknown): string {
  const code = errnoOf(error) ?? "";
  const dial = `dial tcp ${url.host}`;
  if (code === "ECONNREFUSED") return `${dial}: connect: connection refused`;
  if (code === "ENOTFOUND") return `dial tcp: lookup ${url.hostname}: no such host`;
  if (code === "EAI_AGAIN") return `dial tcp: lookup ${url.hostname}: server misbehaving`;
  if (code === "EHOSTUNREACH") return `${dial}: connect: no route to host`;
  if (code === "ENETUNREACH") return `${dial}: connect: network is unreachable`;
  if (code === "ETIMEDOUT" || code === "UND_ERR_CONNECT_TIMEOUT") return `${dial}: i/o timeout`;
  if (code === "ECONNRESET") return "connection reset by peer";
  if (code === "UND_ERR_SOCKET") return "unexpected EOF";
  if (code === "UND_ERR_HEADERS_TIMEOUT") return "timeout awaiting response headers";
  if (code === "UND_ERR_BODY_TIMEOUT") return "timeout awaiting response body";
  if (plainHttpCodes.has(code)) return "http: server gave HTTP response to HTTPS client";
  if (code.startsWith("HPE_")) return `malformed HTTP response: ${messageOf(error)}`;
  if (/CERT|^UNABLE_TO_|^ERR_TLS_|^HOSTNAME_/.test(code)) {
    return `tls: failed to verify certificate: ${messageOf(error)}`;
  }
  return messageOf(error);
}

export const notFound = (name: string): EngineError => new EngineError("not-found", `${name}: not found`);

export const unexpectedDigest = (name: string, actual: Digest, expected: Digest): EngineError =>
  new EngineError("invalid", `${name}: unexpected digest ${actual}, expected ${expected}`);

export function accessDenied(
  reference: Reference,
  actions: "pull" | "push",
  kind: "unauthorized" | "forbidden",
  detail: string,
): EngineError {
  const repository = familiarRepository(reference);
  return new EngineError(
    kind,
    `${actions} access denied for ${repository}, repository does not exist or may require authorization: ${detail}`,
  );
}

/** A refusal's reason as a phrase: what the server says, or that it says nothing. */
export async function refusalDetail(response: RegistryResponse): Promise<string> {
  const said = await serverMessage(response);
  const challenge = parseChallenges(response.headers["www-authenticate"]).find(
    (item) => item.parameters.error,
  );
  if (challenge !== undefined) return `server message: ${challenge.parameters.error}: authorization failed`;
  return said === undefined ? "authorization failed" : `server message: ${said}`;
}

/** An answer with a status that means nothing good, with what the server says or what kind of thing it sent. */
export async function statusError(method: string, response: RegistryResponse): Promise<EngineError> {
  const said = await serverMessage(response);
  const detail = said === undefined ? junkDetail(response) : `: ${said}`;
  const status = `${response.status} ${response.statusText}`.trim();
  const text = `unexpected status from ${method} request to ${displayUrl(response.url)}: ${status}${detail}`;
  return new EngineError(kindOf(response.status), text);
}

function kindOf(status: number): EngineError["kind"] {
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404) return "not-found";
  return status === 429 || status >= 500 ? "unavailable" : "internal";
}

function junkDetail(response: RegistryResponse): string {
  const type = contentTypeOf(response);
  return type === "" || type === "application/json" ? "" : ` (${type})`;
}

/** An answer with a good status that is not what a registry sends. */
export const junkError = (response: RegistryResponse, expected: string): EngineError =>
  new EngineError(
    "unavailable",
    `${displayUrl(response.url)}: expected ${expected}, got ${response.status} ${response.statusText} with content type ` +
      `${contentTypeOf(response) === "" ? "unknown" : contentTypeOf(response)}: is this a registry?`,
  );

const errorBodySchema = z.object({
  errors: z.array(z.object({ code: z.string().default(""), message: z.string().default("") })).min(1),
});
const errorBodyLimitBytes = 64 * 1024;

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
async function serverMessage(response: RegistryResponse): Promise<string | undefined> {
  try {
    const body = await readLimited(response, errorBodyLimitBytes);
    const { errors } = errorBodySchema.parse(JSON.parse(new TextDecoder().decode(body)));
    const texts = errors.map(({ code, message }) => `${code.toLowerCase().replaceAll("_", "")}: ${message}`);
    return texts.join(", ");
  } catch {
    // The status is the failure; a body that cannot be read or understood adds nothing to it.
    return undefined;
  }
}
