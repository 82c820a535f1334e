import type { AuthorizationDecision, AuthorizationRequest, Authorizer } from "@davit/sdk";

export type Access = "all" | "read" | "nothing";

export interface PolicyOptions {
  /** Names in certificates. */
  readonly admins: ReadonlySet<string>;
  /** For clients without a certificate. */
  readonly local: Access;
}

/**
 * What readers may ask for; anything else is an act. A list of what is harmless, not of what harms: `GET` alone is no sign, since
 * `/containers/ID/attach/ws` types into a container, and archives carry its files.
 */
const readable: readonly RegExp[] = [
  /^\/_ping$/,
  /^\/(version|info|events|system\/df)$/,
  /^\/containers\/json$/,
  /^\/containers\/[^/]+\/(json|logs|stats|changes)$/,
  /^\/images\/json$/,
  /^\/images\/.+\/(json|history)$/,
  /^\/(volumes|networks)$/,
  /^\/(volumes|networks)\/[^/]+$/,
  /^\/plugins$/,
  /^\/plugins\/.+\/json$/,
];

/** Users known by certificate may look; admins, and clients without a certificate as far as is set, may act. */
export class ReadOnlyUsers implements Authorizer {
  readonly #options: PolicyOptions;

  constructor(options: PolicyOptions) {
    this.#options = options;
  }

  authorizeRequest({ user, method, path, certificates }: AuthorizationRequest): AuthorizationDecision {
    const access = this.#accessOf(user, certificates.length > 0);
    if (access === "all") return { allow: true };
    const isRead = method === "GET" || method === "HEAD";
    if (access === "read" && isRead && readable.some((pattern) => pattern.test(path))) return { allow: true };
    const who = user === undefined ? "clients without a name" : `user ${user}`;
    return { allow: false, reason: `${who} may not ${method} ${path}` };
  }

  /** A certificate without a name is nobody's. */
  #accessOf(user: string | undefined, hasCertificate: boolean): Access {
    if (user !== undefined) return this.#options.admins.has(user) ? "all" : "read";
    return hasCertificate ? "nothing" : this.#options.local;
  }
}

/** The settings as they come from the environment. */
export function policyOf(environment: Readonly<Record<string, string | undefined>>): PolicyOptions {
  const names = (environment["ADMINS"] ?? "").split(",").map((name) => name.trim());
  return {
    admins: new Set(names.filter((name) => name !== "")),
    local: accessNamed(environment["LOCAL"] ?? "all"),
  };
}

function accessNamed(text: string): Access {
  if (text === "all" || text === "read" || text === "nothing") return text;
  throw new Error(`LOCAL: expected all, read or nothing, got ${JSON.stringify(text)}`);
}
