import * as z from "zod";
import { EngineError } from "../../core/errors.ts";
import { requestFailure, statusError } from "./registry-errors.ts";
import { type RegistryResponse, readLimited } from "./registry-response.ts";
import type { Transport } from "./transport.ts";

// https://distribution.github.io/distribution/spec/auth/token/ and .../spec/auth/oauth/

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Stands in for a password if it is not `""`. */
  readonly identityToken: string;
  /** Sent to the registry as it is, in place of one that would have to be fetched, if it is not `""`. */
  readonly registryToken: string;
}

export interface TokenRequest {
  readonly realm: URL;
  readonly service: string;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** Asks for an identity token too, as for a login. */
  readonly offline: boolean;
  readonly signal: AbortSignal;
}

export interface Token {
  readonly token: string;
  /** `""` if the server gave none. */
  readonly identityToken: string;
}

const clientId = "containerd-client";
const answerLimitBytes = 1024 * 1024;
const text = z.string().nullish();
const answerSchema = z.object({ token: text, access_token: text, refresh_token: text });

/** Fetches a token: anonymously, with the OAuth2 form, or, where that is not served, with Basic credentials. */
export async function fetchToken(transport: Transport, request: TokenRequest): Promise<Token> {
  const { credentials } = request;
  try {
    if (credentials === undefined) return await readToken("GET", await getToken(transport, request));
    // A login by password asks as the Engine does, because only this way servers answer in the same manner to both.
    if (request.offline && credentials.identityToken === "") {
      return await readToken("GET", await getToken(transport, request));
    }
    const posted = await postToken(transport, request, credentials);
    const fallsBack =
      [400, 401, 404].includes(posted.status) || (posted.status === 405 && credentials.username !== "");
    if (!fallsBack) return await readToken("POST", posted);
    posted.body.destroy();
    return await readToken("GET", await getToken(transport, request));
  } catch (error) {
    const kind = error instanceof EngineError ? error.kind : "unavailable";
    const told = requestFailure("GET", request.realm, error);
    const what = credentials === undefined ? "anonymous" : "oauth";
    throw new EngineError(kind, `failed to fetch ${what} token: ${told.message}`, { cause: error });
  }
}

async function postToken(
  transport: Transport,
  request: TokenRequest,
  credentials: Credentials,
): Promise<RegistryResponse> {
  const form = new URLSearchParams({ client_id: clientId, service: request.service });
  if (request.scopes.length > 0) form.set("scope", request.scopes.join(" "));
  if (request.offline) form.set("access_type", "offline");
  if (credentials.identityToken === "") {
    form.set("grant_type", "password");
    form.set("username", credentials.username);
    form.set("password", credentials.password);
  } else {
    form.set("grant_type", "refresh_token");
    form.set("refresh_token", credentials.identityToken);
  }
  return await transport.send({
    method: "POST",
    url: request.realm,
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: form.toString(),
    signal: request.signal,
  });
}

async function getToken(transport: Transport, request: TokenRequest): Promise<RegistryResponse> {
  const url = new URL(request.realm);
  const { credentials } = request;
  if (request.service !== "") url.searchParams.append("service", request.service);
  for (const scope of request.scopes) url.searchParams.append("scope", scope);
  if (request.offline) {
    url.searchParams.append("offline_token", "true");
    url.searchParams.append("client_id", clientId);
    if (credentials !== undefined && credentials.username !== "") {
      url.searchParams.append("account", credentials.username);
    }
  }
  return await transport.send({
    method: "GET",
    url,
    ...(credentials === undefined
      ? {}
      : { originHeaders: { authorization: basicAuthorization(credentials) } }),
    signal: request.signal,
  });
}

export function basicAuthorization({ username, password, identityToken }: Credentials): string {
  const secret = identityToken === "" ? password : identityToken;
  return `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`;
}

async function readToken(method: string, response: RegistryResponse): Promise<Token> {
  if (response.status !== 200) throw await statusError(method, response);
  const body = new TextDecoder().decode(await readLimited(response, answerLimitBytes));
  const answer = answerSchema.safeParse(parseJson(body)).data;
  const token = answer?.access_token || answer?.token;
  if (!token) {
    throw new EngineError("unavailable", `authorization server ${response.url.host} did not include a token`);
  }
  return { token, identityToken: answer?.refresh_token ?? "" };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Told by the caller: an answer that is not JSON holds no token either.
    return undefined;
  }
}
