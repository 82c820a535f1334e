import type {
  AddressRelease,
  AddressRequest,
  GivenAddress,
  GivenPool,
  IpamDriver,
  PoolRelease,
  PoolRequest,
} from "@davit/sdk";
import { entryOf, type NetworkState, type Pool, type State, withoutEntry } from "./network-state.ts";
import {
  contains,
  formatAddress,
  formatSubnet,
  overlap,
  parseAddress,
  parseSubnet,
  type Subnet,
  subnetsOf,
  usableRange,
} from "./subnet.ts";

export interface SubnetIpamDriverOptions {
  readonly state: NetworkState;
  /** Where networks without a subnet of their own get theirs from. */
  readonly pools: Subnet;
}

/** How large such a network's pool is. */
const chosenPrefixLength = 24;

/** Addresses from pools that do not overlap, the lowest free one first. */
export class SubnetIpamDriver implements IpamDriver {
  readonly addressSpaces = { local: "veth-local", global: "veth-global" };
  readonly #state: NetworkState;
  readonly #pools: Subnet;

  constructor({ state, pools }: SubnetIpamDriverOptions) {
    this.#state = state;
    this.#pools = pools;
  }

  async requestPool({ addressSpace, pool, subPool, options, ipv6 }: PoolRequest): Promise<GivenPool> {
    const [stranger] = Object.keys(options);
    if (stranger !== undefined) throw new Error(`unknown option "${stranger}": there is none`);
    return await this.#state.changeFor((state) => {
      const others = Object.entries(state.pools).filter(([, each]) => each.addressSpace === addressSpace);
      const chosen = pool === undefined ? this.#choose(others, ipv6) : parseSubnet(pool);
      if (subPool !== undefined && !contains(chosen, parseSubnet(subPool))) {
        throw new Error(`range ${subPool} is not part of ${formatSubnet(chosen)}`);
      }
      const poolId = `${addressSpace}/${formatSubnet(chosen)}`;
      const given = { poolId, pool: formatSubnet(chosen) };
      const taken = others.find(([, each]) => overlap(parseSubnet(each.pool), chosen));
      // The engine repeats a request whose answer was lost.
      const isUnused = taken?.[0] === poolId && taken[1].addresses.length === 0;
      if (taken !== undefined && !isUnused) {
        throw new Error(`pool ${given.pool} overlaps with ${taken[1].pool}, which is in use`);
      }
      const entry = {
        addressSpace,
        pool: given.pool,
        addresses: [],
        ...(subPool !== undefined && { subPool }),
      };
      return { state: { ...state, pools: { ...state.pools, [poolId]: entry } }, result: given };
    });
  }

  async releasePool({ poolId }: PoolRelease): Promise<void> {
    await this.#state.change((state) => ({
      ...state,
      pools: withoutEntry(state.pools, poolId),
    }));
  }

  async requestAddress({ poolId, address, isGateway }: AddressRequest): Promise<GivenAddress> {
    return await this.#state.changeFor((state) => {
      const pool = requirePool(state, poolId);
      const subnet = parseSubnet(pool.pool);
      const given = address ?? freeAddress(pool, isGateway ? subnet : parseSubnet(pool.subPool ?? pool.pool));
      const number = parseAddress(given);
      if (number < subnet.first || number > subnet.last) throw new Error(`${given} is not in ${pool.pool}`);
      const canonical = formatAddress(number, subnet.family);
      if (pool.addresses.includes(canonical)) throw new Error(`address ${canonical} is in use`);
      const entry = { ...pool, addresses: [...pool.addresses, canonical] };
      return {
        state: { ...state, pools: { ...state.pools, [poolId]: entry } },
        result: { address: `${canonical}/${String(subnet.prefixLength)}` },
      };
    });
  }

  async releaseAddress({ poolId, address }: AddressRelease): Promise<void> {
    await this.#state.change((state) => {
      const pool = entryOf(state.pools, poolId);
      if (pool === undefined) return state;
      const canonical = formatAddress(parseAddress(address), parseSubnet(pool.pool).family);
      const entry = { ...pool, addresses: pool.addresses.filter((each) => each !== canonical) };
      return { ...state, pools: { ...state.pools, [poolId]: entry } };
    });
  }

  #choose(taken: readonly (readonly [string, Pool])[], ipv6: boolean): Subnet {
    if (ipv6) throw new Error("an IPv6 network needs a --subnet");
    for (const candidate of subnetsOf(this.#pools, chosenPrefixLength)) {
      if (!taken.some(([, each]) => overlap(parseSubnet(each.pool), candidate))) return candidate;
    }
    throw new Error(`all of ${formatSubnet(this.#pools)} is in use`);
  }
}

function requirePool(state: State, poolId: string): Pool {
  const pool = entryOf(state.pools, poolId);
  if (pool === undefined) throw new Error(`no such pool: ${poolId}`);
  return pool;
}

function freeAddress({ pool, addresses }: Pool, range: Subnet): string {
  const usable = usableRange(parseSubnet(pool));
  const from = range.first > usable.from ? range.first : usable.from;
  const to = range.last < usable.to ? range.last : usable.to;
  const taken = new Set(addresses);
  for (let number = from; number <= to; number++) {
    const address = formatAddress(number, range.family);
    if (!taken.has(address)) return address;
  }
  throw new Error(`no free address in ${formatSubnet(range)}`);
}
