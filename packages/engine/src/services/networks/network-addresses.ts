import { EngineError, messageOf, wrapError } from "../../core/errors.ts";
import { addressOnly, contains, parseAddress, parseCidr } from "../../core/network/cidr.ts";
import type {
  AddressLease,
  IpamConfig,
  NetworkPoolRecord,
  NetworkRecord,
} from "../../core/network/record.ts";
import type { IpamDriver } from "../../core/ports/ipam-driver.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { IpamDriverLookup } from "./driver-lookup.ts";
import { insist } from "./insist.ts";
import { gatewayKey, requestType } from "./reminded-ipam-drivers.ts";

export interface AddressWish {
  readonly ipv6: boolean;
  /** Without a prefix length; empty for any. */
  readonly address: string;
  readonly macAddress: string | undefined;
}

/** What networks and their endpoints have of IPAM drivers. */
export class NetworkAddresses {
  readonly #drivers: IpamDriverLookup;
  readonly #logger: Logger;

  constructor(drivers: IpamDriverLookup, logger: Logger) {
    this.#drivers = drivers;
    this.#logger = logger;
  }

  /** The name under which a driver's networks are stored. */
  async canonicalName(typed: string, signal?: AbortSignal): Promise<string> {
    return (await this.#drivers.waitFor(typed, signal)).name;
  }

  /** Pools and gateways for a new network; `save` is given the record with each thing that was taken, before the next is asked for. */
  async allocate(
    record: NetworkRecord,
    save: (record: NetworkRecord) => void,
    signal?: AbortSignal,
  ): Promise<NetworkRecord> {
    const driver = await this.#drivers.waitFor(record.ipam.driver, signal);
    const spaces = await driver.defaultAddressSpaces({ signal });
    const addressSpace = record.scope === "global" ? spaces.global : spaces.local;
    let current = record;
    const saveLast = (pool: NetworkPoolRecord, others: readonly NetworkPoolRecord[]): void => {
      current = { ...current, pools: [...others, pool] };
      save(current);
    };
    for (const { config, ipv6 } of wantedPools(record)) {
      const others = current.pools;
      await this.#allocateOne(
        driver,
        { config, ipv6, addressSpace, options: record.ipam.options },
        (pool) => saveLast(pool, others),
        signal,
      );
    }
    return current;
  }

  async #allocateOne(
    driver: IpamDriver,
    wanted: {
      readonly config: IpamConfig;
      readonly ipv6: boolean;
      readonly addressSpace: string;
      readonly options: Readonly<Record<string, string>>;
    },
    save: (pool: NetworkPoolRecord) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const { config, ipv6, addressSpace, options } = wanted;
    const given = await driver.requestPool(
      { addressSpace, pool: config.subnet, subPool: config.ipRange, options, ipv6 },
      { signal },
    );
    let pool: NetworkPoolRecord = {
      poolId: given.poolId,
      ipv6,
      addressSpace,
      pool: given.pool,
      subPool: config.ipRange,
      gateway: given.data[gatewayKey] ?? "",
      auxAddresses: {},
      leases: [],
    };
    save(pool);
    const take = async (address: string, data: Readonly<Record<string, string>>): Promise<string> => {
      const answer = await driver.requestAddress({ poolId: pool.poolId, address, options: data }, { signal });
      if (answer.address !== "") pool = { ...pool, leases: [...pool.leases, addressOnly(answer.address)] };
      return answer.address;
    };
    // What the user asks for is taken, whatever the driver gave by itself.
    if (config.gateway !== "" || pool.gateway === "") {
      try {
        const gateway = await take(config.gateway, { [requestType]: gatewayKey });
        pool = { ...pool, gateway };
      } catch (error) {
        throw wrapError(`failed to allocate gateway (${config.gateway})`, error);
      }
      save(pool);
    }
    for (const [name, address] of Object.entries(config.auxAddresses)) {
      try {
        const taken = await take(address, {});
        pool = { ...pool, auxAddresses: { ...pool.auxAddresses, [name]: taken } };
      } catch (error) {
        throw wrapError(`failed to allocate secondary ip address (${name}:${address})`, error);
      }
      save(pool);
    }
  }

  /** Gives a network's pools back; `save` is given the record with what is left of them. */
  async release(record: NetworkRecord, save: (record: NetworkRecord) => void): Promise<NetworkRecord> {
    let current = record;
    for (const pool of record.pools) {
      await this.#use(record, async (driver) => {
        for (const lease of pool.leases) await driver.releaseAddress(pool.poolId, lease);
        await driver.releasePool(pool.poolId);
      });
      current = { ...current, pools: current.pools.filter(({ poolId }) => poolId !== pool.poolId) };
      save(current);
    }
    return current;
  }

  /** Waits for a network's driver, which knows what is in use from then on; its pools may have other IDs than before. */
  async ready({ ipam }: NetworkRecord, signal?: AbortSignal): Promise<void> {
    await this.#drivers.waitFor(ipam.driver, signal);
  }

  /** The same before something is given back: a driver that is gone for good has nothing to be given. */
  async present({ ipam }: NetworkRecord): Promise<void> {
    await insist(ipam.driver, () => this.#drivers.get(ipam.driver));
  }

  /** Has a driver that forgets when the engine ends asked again for what is in use, if it is there. */
  async remind(driver: string): Promise<void> {
    try {
      await this.#drivers.get(driver);
    } catch (error) {
      this.#logger.warn({ driver, err: error }, "addresses could not be asked for again yet");
    }
  }

  /** Whether an endpoint needs a MAC address before it is given others. */
  async requiresMac({ ipam }: NetworkRecord, signal?: AbortSignal): Promise<boolean> {
    const driver = await this.#drivers.waitFor(ipam.driver, signal);
    return (await driver.capabilities({ signal })).requiresMacAddress;
  }

  /** An address of one of the network's pools, in CIDR notation; undefined if it has none of that family to give. */
  async lease(
    record: NetworkRecord,
    { ipv6, address, macAddress }: AddressWish,
    signal?: AbortSignal,
  ): Promise<{ readonly lease: AddressLease; readonly address: string } | undefined> {
    const pools = record.pools.filter((pool) => pool.ipv6 === ipv6);
    if (pools.length === 0 && address === "") return undefined;
    const wanted = parseAddress(address);
    const fitting = pools.filter(({ pool }) => address === "" || isIn(pool, wanted));
    if (fitting.length === 0) {
      throw new EngineError(
        "invalid",
        `Invalid address ${address}: It does not belong to any of this network's subnets`,
      );
    }
    const driver = await this.#drivers.get(record.ipam.driver, signal);
    const { requiresMacAddress } = await driver.capabilities({ signal });
    const options: Readonly<Record<string, string>> =
      requiresMacAddress && macAddress !== undefined
        ? { "com.docker.network.endpoint.macaddress": macAddress }
        : {};
    let failure: unknown;
    for (const { poolId } of fitting) {
      try {
        const answer = await driver.requestAddress({ poolId, address, options }, { signal });
        if (answer.address === "") return undefined;
        return { lease: { poolId, address: addressOnly(answer.address) }, address: answer.address };
      } catch (error) {
        if (address !== "" || !isExhausted(error)) throw error;
        failure = error;
      }
    }
    throw new EngineError(
      "forbidden",
      `no available IPv${ipv6 ? 6 : 4} addresses on this network's address pools: ${record.name} (${record.id})`,
      { cause: failure },
    );
  }

  async releaseLease(record: NetworkRecord, { poolId, address }: AddressLease): Promise<void> {
    await this.#use(record, (driver) => driver.releaseAddress(poolId, address));
  }

  async #use({ ipam }: NetworkRecord, use: (driver: IpamDriver) => Promise<void>): Promise<void> {
    await insist(ipam.driver, async () => use(await this.#drivers.get(ipam.driver)));
  }
}

const isIn = (pool: string, address: ReturnType<typeof parseAddress>): boolean => {
  const network = parseCidr(pool);
  return network !== undefined && address !== undefined && contains(network, address);
};

const isExhausted = (error: unknown): boolean => /no (more )?available/i.test(messageOf(error));

/** One for each configuration; without any of a family, one of the driver's choice. */
function wantedPools(
  record: NetworkRecord,
): readonly { readonly config: IpamConfig; readonly ipv6: boolean }[] {
  const open: IpamConfig = { subnet: "", ipRange: "", gateway: "", auxAddresses: {} };
  const ofFamily = (ipv6: boolean): readonly IpamConfig[] => {
    const given = record.ipam.config.filter(({ subnet }) => subnet.includes(":") === ipv6);
    return given.length === 0 ? [open] : given;
  };
  return [
    ...(record.enableIPv4 ? ofFamily(false).map((config) => ({ config, ipv6: false })) : []),
    ...(record.enableIPv6 ? ofFamily(true).map((config) => ({ config, ipv6: true })) : []),
  ];
}
