import { EngineError } from "../../core/errors.ts";
import { abortable } from "./abortable.ts";
import type { Challenge } from "./challenge.ts";
import { mergeScopes } from "./scopes.ts";
import { basicAuthorization, type Credentials, fetchToken } from "./token-server.ts";
import type { Transport } from "./transport.ts";

export interface AuthorizerOptions {
  readonly transport: Transport;
  readonly endpoint: URL;
  readonly credentials: Credentials | undefined;
  readonly scopes: readonly string[];
  /** A login: asks for an identity token too. */
  readonly offline?: boolean;
  /** Ends the session, and with it any fetching of tokens. */
  readonly signal: AbortSignal;
}

/** Answers one endpoint's challenges during one session; anonymous until the first comes. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  #header: string | undefined;
  #identityToken = "";
  #renewal: Promise<void> | undefined;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The `Authorization` to send; undefined while anonymous. */
  get header(): string | undefined {
    return this.#header;
  }

  /** What the token server gave for later use; `""` if nothing. */
  get identityToken(): string {
    return this.#identityToken;
  }

  /**
   * Learns from the challenges to a request that was sent with `sent`. Answers whether sending it again makes sense.
   * Requests refused at the same time share one token.
   */
  async answer(
    challenges: readonly Challenge[],
    sent: string | undefined,
    request: { readonly repeated: boolean; readonly signal: AbortSignal },
  ): Promise<boolean> {
    if (this.#header !== sent) return true;
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) {
      const given = this.#options.credentials?.registryToken ?? "";
      if (given !== "") {
        this.#header = `Bearer ${given}`;
        return this.#header !== sent;
      }
      // Refused with a fresh token, and for a stated reason: another token would be refused as well.
      if (request.repeated && bearer.parameters.error !== undefined) return false;
      this.#renewal ??= this.#renew(bearer).finally(() => {
        this.#renewal = undefined;
      });
      await abortable("fetch token", this.#renewal, request.signal);
      return true;
    }
    if (!challenges.some(({ scheme }) => scheme === "basic")) return false;
    const { credentials } = this.#options;
    if (credentials === undefined || (credentials.username === "" && credentials.identityToken === "")) {
      throw new EngineError("unauthorized", "no basic auth credentials");
    }
    this.#header = basicAuthorization(credentials);
    return this.#header !== sent;
  }

  async #renew({ parameters }: Challenge): Promise<void> {
    const { transport, credentials, scopes, offline = false, signal, endpoint } = this.#options;
    const realm = URL.parse(parameters.realm ?? "");
    if (realm === null || (realm.protocol !== "http:" && realm.protocol !== "https:")) {
      throw new EngineError(
        "unavailable",
        `registry ${endpoint.host}: no usable realm in its auth challenge`,
      );
    }
    if (credentials !== undefined && endpoint.protocol === "https:" && realm.protocol === "http:") {
      throw new EngineError(
        "unauthorized",
        `registry ${endpoint.host}: refusing to send credentials to ${realm.origin} without TLS`,
      );
    }
    const { token, identityToken } = await fetchToken(transport, {
      realm,
      service: parameters.service ?? "",
      scopes: mergeScopes(parameters.scope, scopes),
      credentials,
      offline,
      signal,
    });
    this.#header = `Bearer ${token}`;
    this.#identityToken = identityToken;
  }
}
