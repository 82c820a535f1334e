import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { type HostCertificates, readHostCertificates, secureContextFor } from "./host-certificates.ts";
import type { InsecureHosts } from "./insecure-hosts.ts";
import { type Proxies, proxyFor } from "./proxy-for.ts";

export interface DispatchersOptions {
  readonly insecureHosts: Pick<InsecureHosts, "includes">;
  readonly certsDir: string | undefined;
  readonly connectTimeoutMs: number;
  readonly proxies: Proxies;
}

/** Connections by how they are made: through a proxy or not, verified or not, with which certificates. */
export class Dispatchers {
  readonly #options: DispatchersOptions;
  readonly #dispatchers = new Map<string, Dispatcher>();

  constructor(options: DispatchersOptions) {
    this.#options = options;
  }

  async for(url: URL): Promise<Dispatcher> {
    const tls = url.protocol === "https:";
    const { certsDir, insecureHosts, proxies } = this.#options;
    const verified = tls && !(await insecureHosts.includes(url.host));
    // Read each time, as the Engine does: a certificate put there takes effect without a restart.
    const certificates: HostCertificates =
      tls && certsDir !== undefined ? await readHostCertificates(certsDir, url.host) : { authorities: [] };
    const proxy = proxyFor(url, proxies);
    const key = JSON.stringify({ tls, verified, proxy, certificates });
    const known = this.#dispatchers.get(key);
    if (known !== undefined) return known;
    const dispatcher = this.#create({ tls, verified, proxy, certificates });
    this.#dispatchers.set(key, dispatcher);
    return dispatcher;
  }

  async destroy(): Promise<void> {
    const all = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    await Promise.all(all.map(async (dispatcher) => await dispatcher.destroy()));
  }

  #create(how: {
    readonly tls: boolean;
    readonly verified: boolean;
    readonly proxy: string | undefined;
    readonly certificates: HostCertificates;
  }): Dispatcher {
    const secure = how.tls
      ? { secureContext: secureContextFor(how.certificates, how.verified), rejectUnauthorized: how.verified }
      : {};
    const connect = { timeout: this.#options.connectTimeoutMs, ...secure };
    return how.proxy === undefined
      ? new Agent({ connect, allowH2: false })
      : new ProxyAgent({ uri: how.proxy, connect, requestTls: connect, allowH2: false });
  }
}
