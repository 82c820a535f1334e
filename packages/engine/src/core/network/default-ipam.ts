import { EngineError } from "../errors.ts";
import type { AddressPool, AddressRequest, IpamDriver, PoolRequest } from "../ports/ipam-driver.ts";
import { type AddressPools, findFreeSubnet, type PoolPlace } from "./address-pools.ts";
import {
  type Cidr,
  contains,
  firstOf,
  formatAddress,
  formatCidr,
  type IpFamily,
  lastOf,
  networkOf,
  overlap,
  parseAddress,
  parseCidr,
} from "./cidr.ts";

export interface DefaultIpamOptions {
  /** What is given to networks that ask for no subnet of their own, in this order. */
  readonly pools: readonly AddressPools[];
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

/** Of 40 random bits: more would mean that they are not random. */
const mostDraws = 16;

const noFreePool = (family: IpFamily): EngineError =>
  new EngineError(
    "not-found",
    `could not find an available, non-overlapping IPv${family} address pool among the defaults to assign to the network`,
  );

/**
 * The addresses of the networks of this host. It remembers nothing by itself: what is in use is on record with networks and
 * endpoints, and taken again when the engine starts.
 */
export class DefaultIpam implements IpamDriver {
  readonly name = "default";
  readonly #options: DefaultIpamOptions;
  readonly #pools = new Map<string, Pool>();
  /** Goes round, so that a subnet is not used again at once. */
  readonly #next = new Map<IpFamily, PoolPlace>();

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
    if (ipv6 && this.#poolsOf(6).length === 0) return this.#take(this.#uniqueLocal());
    const routes = (await this.#options.routes()).flatMap((text) => parseCidr(text) ?? []);
    return this.#take(this.#freePool(ipv6 ? 6 : 4, routes));
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

  #freePool(family: IpFamily, routes: readonly Cidr[]): Cidr {
    const pools = this.#poolsOf(family);
    const taken = [
      ...[...this.#pools.values()].map(({ network }) => network),
      ...routes.filter(({ prefixLength }) => prefixLength > 0),
    ];
    const found =
      findFreeSubnet(pools, taken, this.#next.get(family)) ?? findFreeSubnet(pools, taken, undefined);
    if (found === undefined) throw noFreePool(family);
    this.#next.set(family, found.next);
    return found.subnet;
  }

  #poolsOf(wanted: IpFamily): readonly AddressPools[] {
    return this.#options.pools.filter(({ base: { family } }) => family === wanted);
  }

  /** One that was drawn twice is drawn again. */
  #uniqueLocal(): Cidr {
    for (let tries = 0; tries < mostDraws; tries += 1) {
      const drawn = this.#options.uniqueLocalPrefix();
      if (!this.#isTaken(drawn)) return drawn;
    }
    throw noFreePool(6);
  }

  releasePool(poolId: string): Promise<void> {
    this.#pools.delete(poolId);
    return Promise.resolve();
  }

  async requestAddress({ poolId, address }: AddressRequest) {
    const wanted = address === "" ? this.#freeAddress(poolId) : address;
    const taken = this.takeAddress(poolId, wanted);
    return { address: `${taken}/${this.#pool(poolId).network.prefixLength}`, data: {} };
  }

  /** An address that was asked for, or that a record says was given; answers the one form of it that we write. */
  takeAddress(poolId: string, text: string): string {
    const { network, taken } = this.#pool(poolId);
    const address = parseAddress(text);
    if (address === undefined || !contains(network, address)) {
      throw new EngineError("invalid", "Requested address is out of range");
    }
    if (taken.has(address.value)) throw new EngineError("forbidden", "Address already in use");
    taken.add(address.value);
    return formatAddress(address);
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
