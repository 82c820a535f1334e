import { lookup } from "node:dns/promises";
import type { RegistryAuth } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Registry, RegistryAccess, RegistrySession } from "../../core/ports/registry.ts";
import type { Reference } from "../../core/reference.ts";
import { BlobSources } from "./blob-sources.ts";
import { Dispatchers } from "./dispatchers.ts";
import { endpointsFor, mirrorEndpoint } from "./endpoints.ts";
import { InsecureHosts } from "./insecure-hosts.ts";
import { loginAt } from "./login.ts";
import type { Proxies } from "./proxy-for.ts";
import { moreAdvanced } from "./registry-errors.ts";
import { credentialsOf } from "./remote-repository.ts";
import { Session } from "./session.ts";
import { Transport } from "./transport.ts";

export interface RegistryClientOptions {
  /** Hosts (`registry:5000`) and CIDR ranges that may be spoken to unverified or without TLS. */
  readonly insecureRegistries: readonly string[];
  /** Tried before docker.io on pull; a URL or a host. */
  readonly registryMirrors: readonly string[];
  /** Holds a directory per host, as `/etc/docker/certs.d`. */
  readonly certsDir?: string;
  /** None unless given. */
  readonly proxies?: Proxies;
  readonly userAgent: string;
  readonly logger?: Logger;
  /** How long a registry may take to connect, to answer, and between two pieces of an answer; 30 s. */
  readonly timeoutMs?: number;
  /** Before the first repetition of a request; it doubles. 200 ms. */
  readonly retryDelayMs?: number;
}

const defaultRetryDelayMs = 200;

/** Registries over HTTP. https://github.com/opencontainers/distribution-spec/blob/main/spec.md */
export class RegistryClient implements Registry {
  readonly #options: RegistryClientOptions;
  readonly #insecureHosts: InsecureHosts;
  readonly #transport: Transport;
  readonly #sources = new BlobSources();

  /** Throws of kind invalid when an insecure registry or a mirror is not well-formed. */
  constructor(options: RegistryClientOptions) {
    const { certsDir, userAgent, timeoutMs = 30_000, retryDelayMs = defaultRetryDelayMs } = options;
    for (const mirror of options.registryMirrors) mirrorEndpoint(mirror, "docker.io");
    this.#options = options;
    this.#insecureHosts = new InsecureHosts(
      options.insecureRegistries,
      async (hostname) => await lookup(hostname, { all: true }),
    );
    this.#transport = new Transport({
      dispatchers: new Dispatchers({
        insecureHosts: this.#insecureHosts,
        certsDir,
        connectTimeoutMs: timeoutMs,
        proxies: options.proxies ?? { http: "", https: "", none: "" },
      }),
      userAgent,
      headersTimeoutMs: timeoutMs,
      retryDelayMs,
    });
  }

  open(reference: Reference, access: RegistryAccess): RegistrySession {
    return new Session({
      reference,
      access,
      transport: this.#transport,
      endpoints: async () => await this.#endpoints(reference.domain, access.actions),
      sources: this.#sources,
      retryDelayMs: this.#options.retryDelayMs ?? defaultRetryDelayMs,
      logger: this.#options.logger,
    });
  }

  async login(auth: RegistryAuth, signal: AbortSignal): Promise<string> {
    const credentials = credentialsOf(auth);
    let failure: unknown;
    for (const { base } of await this.#endpoints(serverDomain(auth.serveraddress), "push")) {
      try {
        return await loginAt(base, { transport: this.#transport, credentials, signal });
      } catch (error) {
        if (signal.aborted) throw error;
        failure = moreAdvanced(failure, error);
      }
    }
    throw failure;
  }

  /** Breaks off whatever is under way and lets go of all connections. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #endpoints(domain: string, actions: RegistryAccess["actions"]) {
    return await endpointsFor(domain, actions, {
      insecureHosts: this.#insecureHosts,
      registryMirrors: this.#options.registryMirrors,
    });
  }
}

/** `https://index.docker.io/v1/`, `localhost:5000` and nothing at all are what clients send. */
function serverDomain(serverAddress: string): string {
  const host = serverAddress.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  if (host === "" || host === "index.docker.io" || host === "registry-1.docker.io") return "docker.io";
  if (!/^[\w.:[\]-]+$/.test(host)) {
    throw new EngineError("invalid", `login: invalid server address ${serverAddress}`);
  }
  return host;
}
