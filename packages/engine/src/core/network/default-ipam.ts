import { EngineError } from "../errors.ts";
import type { AddressPool, AddressRequest, IpamDriver, PoolRequest } from "../ports/ipam-driver.ts";
import {
  type Cidr,
  contains,
  firstOf,
  formatAddress,
  formatCidr,
  lastOf,
  networkOf,
  overlap,
  parseAddress,
  parseCidr,
} from "./cidr.ts";

/** Pools of one size, cut out of a larger one. */
export interface DefaultPools {
  readonly base: Cidr;
  readonly size: number;
}

export interface DefaultIpamOptions {
  /** What is given to networks that ask for no subnet of their own, in this order. */
  readonly pools: readonly DefaultPools[];
  /** What the host has routes to, in CIDR notation: not given to a network unless it asks for it. */
  readonly routes: () => Promise<readonly string[]>;
  /** A new prefix of 64 bits for IPv6, as RFC 4193 makes it. */
  readonly uniqueLocalPrefix: () => Cidr;
}

interface Pool {
  readonly network: Cidr;
  /** Where addresses are taken from that nobody asked for. */
  readonly range: Cidr;
  readonly taken: Set<bigint>;
}

const addressSpace = "LocalDefault";

/**
 * The addresses of the networks of this host. It remembers nothing by itself: what is in use is on record with networks and
 * endpoints, and taken again when the engine starts.
 */
export class DefaultIpam implements IpamDriver {
  readonly name = "default";
  readonly #options: DefaultIpamOptions;
  readonly #pools = new Map<string, Pool>();
  /** Goes round, so that a subnet is not used again at once. */
  #next = 0;

  constructor(options: DefaultIpamOptions) {
    this.#options = options;
  }

  capabilities() {
    return Promise.resolve({ requiresMacAddress: false, requiresRequestReplay: false });
  }

  defaultAddressSpaces() {
    return Promise.resolve({ local: addressSpace, global: "GlobalDefault" });
  }

  async requestPool({ pool, subPool, ipv6 }: PoolRequest): Promise<AddressPool> {
    if (pool !== "") return this.takePool(pool, subPool);
    if (subPool !== "") throw new EngineError("invalid", "invalid pool request: a range needs its subnet");
    if (ipv6) return this.#take(this.#options.uniqueLocalPrefix());
    const routes = (await this.#options.routes()).flatMap((text) => parseCidr(text) ?? []);
    return this.#take(this.#freePool(routes));
  }

  /** A pool that was asked for, or that a record says was given. */
  takePool(pool: string, subPool: string): AddressPool {
    const network = parseCidr(pool);
    if (network === undefined) {
      throw new EngineError("invalid", `Invalid subnet ${pool} : invalid CIDR address: ${pool}`);
    }
    const range = subPool === "" ? network : parseCidr(subPool);
    if (range === undefined || !contains(network, range) || range.prefixLength < network.prefixLength) {
      throw new EngineError("invalid", `invalid ip-range ${subPool}: it is not part of subnet ${pool}`);
    }
    if (this.#isTaken(network)) {
      throw new EngineError("forbidden", "Pool overlaps with other one on this address space");
    }
    return this.#take(networkOf(network), networkOf(range));
  }

  #take(network: Cidr, range = network): AddressPool {
    const poolId = `${addressSpace}/${formatCidr(network)}`;
    this.#pools.set(poolId, { network, range, taken: new Set(reserved(network)) });
    return { poolId, pool: formatCidr(network), data: {} };
  }

  #isTaken(network: Cidr): boolean {
    return [...this.#pools.values()].some((pool) => overlap(pool.network, network));
  }

  #freePool(routes: readonly Cidr[]): Cidr {
    const candidates = this.#options.pools.flatMap(cut);
    for (let tries = 0; tries < candidates.length; tries += 1) {
      const at = (this.#next + tries) % candidates.length;
      const candidate = candidates[at];
      if (candidate === undefined || this.#isTaken(candidate)) continue;
      if (routes.some((route) => route.prefixLength > 0 && overlap(route, candidate))) continue;
      this.#next = at + 1;
      return candidate;
    }
    throw new EngineError(
      "not-found",
      "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
    );
  }

  releasePool(poolId: string): Promise<void> {
    this.#pools.delete(poolId);
    return Promise.resolve();
  }

  async requestAddress({ poolId, address }: AddressRequest) {
    const wanted = address === "" ? this.#freeAddress(poolId) : address;
    this.takeAddress(poolId, wanted);
    return { address: `${wanted}/${this.#pool(poolId).network.prefixLength}`, data: {} };
  }

  /** An address that was asked for, or that a record says was given. */
  takeAddress(poolId: string, text: string): void {
    const { network, taken } = this.#pool(poolId);
    const address = parseAddress(text);
    if (address === undefined || !contains(network, address)) {
      throw new EngineError("invalid", "Requested address is out of range");
    }
    if (taken.has(address.value)) throw new EngineError("forbidden", "Address already in use");
    taken.add(address.value);
  }

  #freeAddress(poolId: string): string {
    const { network, range, taken } = this.#pool(poolId);
    for (let value = firstOf(range); value <= lastOf(range); value += 1n) {
      if (!taken.has(value)) return formatAddress({ family: network.family, value });
    }
    throw new EngineError("forbidden", "no available addresses on this pool");
  }

  releaseAddress(poolId: string, address: string): Promise<void> {
    const parsed = parseAddress(address);
    if (parsed !== undefined) this.#pools.get(poolId)?.taken.delete(parsed.value);
    return Promise.resolve();
  }

  #pool(poolId: string): Pool {
    const pool = this.#pools.get(poolId);
    if (pool === undefined) throw new EngineError("not-found", `unknown address pool: ${poolId}`);
    return pool;
  }
}

/** What no interface can have: the network's own address, and with IPv4 that of all. */
function reserved(network: Cidr): readonly bigint[] {
  const pointToPoint = network.prefixLength >= (network.family === 4 ? 31 : 127);
  if (pointToPoint) return [];
  return network.family === 4 ? [firstOf(network), lastOf(network)] : [firstOf(network)];
}

function cut({ base, size }: DefaultPools): readonly Cidr[] {
  const count = 2 ** (size - base.prefixLength);
  const step = (lastOf(base) - firstOf(base) + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, at) => ({
    family: base.family,
    value: firstOf(base) + step * BigInt(at),
    prefixLength: size,
  }));
}

const ipv4 = (text: string, size: number): DefaultPools => {
  const base = parseCidr(text);
  if (base === undefined) throw new EngineError("internal", `not a subnet: ${text}`);
  return { base, size };
};

/** As Docker Engine has them. */
export const dockerPools: readonly DefaultPools[] = [
  ipv4("172.17.0.0/16", 16),
  ipv4("172.18.0.0/16", 16),
  ipv4("172.19.0.0/16", 16),
  ipv4("172.20.0.0/14", 16),
  ipv4("172.24.0.0/14", 16),
  ipv4("172.28.0.0/14", 16),
  ipv4("192.168.0.0/16", 20),
];

/** The `null` driver: networks without addresses. */
export const nullIpam: IpamDriver = {
  name: "null",
  capabilities: () => Promise.resolve({ requiresMacAddress: false, requiresRequestReplay: false }),
  defaultAddressSpaces: () => Promise.resolve({ local: "null", global: "null" }),
  requestPool: ({ ipv6 }) => Promise.resolve({ poolId: "null", pool: ipv6 ? "::/0" : "0.0.0.0/0", data: {} }),
  releasePool: () => Promise.resolve(),
  requestAddress: () => Promise.resolve({ address: "", data: {} }),
  releaseAddress: () => Promise.resolve(),
};
