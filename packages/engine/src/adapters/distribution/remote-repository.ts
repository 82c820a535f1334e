import type { Readable } from "node:stream";
import { EngineError } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { RegistryAccess } from "../../core/ports/registry.ts";
import type { Reference } from "../../core/reference.ts";
import { Authorizer } from "./authorizer.ts";
import { parseChallenges } from "./challenge.ts";
import type { Endpoint } from "./endpoints.ts";
import { accessDenied, notFound, refusalDetail, statusError } from "./registry-errors.ts";
import { discardBody, type RegistryResponse } from "./registry-response.ts";
import { scopesFor } from "./scopes.ts";
import type { Credentials } from "./token-server.ts";
import type { RegistryRequest, Transport } from "./transport.ts";

export interface RepositoryRequest {
  readonly method: RegistryRequest["method"];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | (() => Readable);
  readonly signal: AbortSignal;
  readonly headersTimeoutMs?: number;
}

export interface RemoteRepositoryOptions {
  readonly endpoint: Endpoint;
  readonly reference: Reference;
  readonly access: RegistryAccess;
  readonly transport: Transport;
  readonly logger: Logger | undefined;
}

/** The challenges answered per request: one to get a token, one to replace an old one. */
const maxAnswers = 2;

/** One repository at one endpoint, authorized as the session goes on. */
export class RemoteRepository {
  readonly endpoint: Endpoint;
  readonly logger: Logger | undefined;
  readonly #reference: Reference;
  readonly #access: RegistryAccess;
  readonly #transport: Transport;
  readonly #authorizer: Authorizer;
  readonly #passedHeaders: Readonly<Record<string, string>>;

  constructor({ endpoint, reference, access, transport, logger }: RemoteRepositoryOptions) {
    this.endpoint = endpoint;
    this.logger = logger;
    this.#reference = reference;
    this.#access = access;
    this.#transport = transport;
    this.#authorizer = new Authorizer({
      transport,
      endpoint: endpoint.base,
      // The credentials are the registry's, and a mirror is another host.
      credentials: endpoint.mirrorOf === undefined ? credentialsOf(access.auth) : undefined,
      scopes: scopesFor(reference.path, access),
      signal: access.signal,
    });
    this.#passedHeaders = Object.fromEntries(
      Object.entries(access.headers ?? {}).filter(([name]) => name.toLowerCase().startsWith("x-meta-")),
    );
  }

  /** A URL below the repository, e.g. `manifests/latest`. */
  url(path: string): URL {
    const url = new URL(`${this.#reference.path}/${path}`, this.endpoint.base);
    if (this.endpoint.mirrorOf !== undefined) url.searchParams.set("ns", this.endpoint.mirrorOf);
    return url;
  }

  /** Sends with authorization, asking for one where challenged; a challenge that cannot be met is the answer. */
  async send(url: URL, request: RepositoryRequest): Promise<RegistryResponse> {
    const ours = url.origin === this.endpoint.base.origin;
    for (let answers = 0; ; answers++) {
      const sent = this.#authorizer.header;
      const authorization = sent === undefined ? {} : { authorization: sent };
      const originHeaders = ours ? { ...this.#passedHeaders, ...authorization } : {};
      const response = await this.#transport.send({ ...request, url, originHeaders });
      // Another host's challenge gets no answer: it would learn the credentials.
      const answerable = ours && response.url.origin === url.origin && answers < maxAnswers;
      if (response.status !== 401 || !answerable) return response;
      const challenges = parseChallenges(response.headers["www-authenticate"]);
      const again = await this.#answer(challenges, sent, { repeated: answers > 0, signal: request.signal });
      if (!again) return response;
      await discardBody(response);
    }
  }

  /** What a status that was not expected means; `name` is what a 404 says is not there. */
  async failure(method: string, response: RegistryResponse, name: string | undefined): Promise<EngineError> {
    if (response.status === 404 && name !== undefined) {
      await discardBody(response);
      return notFound(name);
    }
    if (response.status !== 401 && response.status !== 403) return await statusError(method, response);
    const kind = response.status === 401 ? "unauthorized" : "forbidden";
    return accessDenied(this.#reference, this.#access.actions, kind, await refusalDetail(response));
  }

  async #answer(...parameters: Parameters<Authorizer["answer"]>): Promise<boolean> {
    try {
      return await this.#authorizer.answer(...parameters);
    } catch (error) {
      if (!(error instanceof EngineError) || (error.kind !== "unauthorized" && error.kind !== "forbidden")) {
        throw error;
      }
      const detail = `authorization failed: ${error.message}`;
      throw accessDenied(this.#reference, this.#access.actions, error.kind, detail);
    }
  }
}

export function credentialsOf(auth: RegistryAccess["auth"]): Credentials | undefined {
  if (auth === undefined) return undefined;
  const { identitytoken: identityToken, registrytoken: registryToken } = auth;
  const { username, password } = auth.username === "" ? encodedPair(auth.auth) : auth;
  if (identityToken === "" && registryToken === "" && (username === "" || password === "")) return undefined;
  return { username, password, identityToken, registryToken };
}

/** `auth` of the Docker configuration file: the name and the password in base64, with a colon between them. */
function encodedPair(auth: string): { readonly username: string; readonly password: string } {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon === -1) return { username: "", password: "" };
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}
