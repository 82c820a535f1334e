import type { LookupAddress } from "node:dns";
import { BlockList, isIP } from "node:net";
import { EngineError } from "../../core/errors.ts";

export type Lookup = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Asked for each request, so that one operation resolves a name once. */
const rememberMs = 60_000;

/** `[::1]:5000` and `::1` to `::1`, `localhost:5000` to `localhost`. */
export function hostnameOf(host: string): string {
  if (isIP(host) !== 0) return host;
  return host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

/** True for addresses and the name that never leave this machine. */
export function isLoopback(host: string): boolean {
  const name = hostnameOf(host).toLowerCase();
  return name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
}

/** The hosts whose certificates are not verified and which may be spoken to without TLS. */
export class InsecureHosts {
  readonly #names = new Set<string>();
  readonly #ranges = new BlockList();
  readonly #lookup: Lookup;
  readonly #resolved = new Map<string, { readonly untilMs: number; readonly answer: Promise<boolean> }>();

  /** `entries` are hosts (`registry:5000`) or CIDR ranges; 127.0.0.0/8 and ::1 always count. */
  constructor(entries: readonly string[], lookup: Lookup) {
    this.#lookup = lookup;
    this.#ranges.addSubnet("127.0.0.0", 8, "ipv4");
    this.#ranges.addAddress("::1", "ipv6");
    for (const entry of entries) this.#add(entry);
  }

  /** Names are resolved and judged by address too; a name that does not resolve is left for its request to fail. */
  async includes(host: string): Promise<boolean> {
    if (this.#names.has(host.toLowerCase()) || isLoopback(host)) return true;
    const name = hostnameOf(host);
    if (isIP(name) !== 0) return this.#inRange(name);
    const known = this.#resolved.get(name);
    if (known !== undefined && known.untilMs > Date.now()) return await known.answer;
    const answer = this.#resolvesInRange(name);
    this.#resolved.set(name, { untilMs: Date.now() + rememberMs, answer });
    return await answer;
  }

  #add(entry: string): void {
    const slash = entry.indexOf("/");
    const address = entry.slice(0, slash);
    const family = slash === -1 ? 0 : isIP(address);
    if (family === 0) {
      if (/^[a-z]+:\/\//i.test(entry)) throw invalidEntry(entry, "must not contain a scheme");
      this.#names.add(entry.toLowerCase());
      return;
    }
    const prefix = Number(entry.slice(slash + 1));
    if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128)) {
      throw invalidEntry(entry, "is not a CIDR range");
    }
    this.#ranges.addSubnet(address, prefix, family === 4 ? "ipv4" : "ipv6");
  }

  async #resolvesInRange(name: string): Promise<boolean> {
    const addresses = await this.#lookup(name).catch(() => []);
    return addresses.some(({ address }) => this.#inRange(address));
  }

  #inRange(address: string): boolean {
    return this.#ranges.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  }
}

const invalidEntry = (entry: string, reason: string): EngineError =>
  new EngineError("invalid", `insecure registry ${entry}: ${reason}`);
