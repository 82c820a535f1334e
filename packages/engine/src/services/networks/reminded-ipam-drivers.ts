import { messageOf, PluginRefusal } from "../../core/errors.ts";
import { addressOnly } from "../../core/network/cidr.ts";
import type { NetworkPoolRecord, NetworkRecord } from "../../core/network/record.ts";
import type { IpamDriver } from "../../core/ports/ipam-driver.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { IpamDriverLookup } from "./driver-lookup.ts";

export const requestType = "RequestAddressType";
export const gatewayKey = "com.docker.network.gateway";

/**
 * Drivers of addresses that have been reminded of what is in use. One that forgets when the engine ends is asked for all of it again the
 * first time that it is there, before anything else: it would give it to others.
 */
export class RemindedIpamDrivers implements IpamDriverLookup {
  readonly #drivers: IpamDriverLookup;
  readonly #state: Pick<State, "networks" | "endpoints" | "note">;
  readonly #logger: Logger;
  /** By name: what it is to be reminded of is what was on record before it was first there. */
  readonly #reminded = new Map<string, Promise<void>>();

  constructor(
    drivers: IpamDriverLookup,
    {
      state,
      logger,
    }: { readonly state: Pick<State, "networks" | "endpoints" | "note">; readonly logger: Logger },
  ) {
    this.#drivers = drivers;
    this.#state = state;
    this.#logger = logger;
  }

  async get(name: string, signal?: AbortSignal): Promise<IpamDriver> {
    return this.#afterReminder(await this.#drivers.get(name, signal));
  }

  async waitFor(name: string, signal?: AbortSignal): Promise<IpamDriver> {
    return this.#afterReminder(await this.#drivers.waitFor(name, signal));
  }

  /** A reminder that fails is given again to whoever asks for the driver next. */
  async #afterReminder(driver: IpamDriver): Promise<IpamDriver> {
    const { name } = driver;
    const reminded = this.#reminded.get(name) ?? this.#remind(driver);
    this.#reminded.set(name, reminded);
    try {
      await reminded;
    } catch (error) {
      if (this.#reminded.get(name) === reminded) this.#reminded.delete(name);
      throw error;
    }
    return driver;
  }

  async #remind(driver: IpamDriver): Promise<void> {
    const networks = this.#state.networks
      .list()
      .filter(({ ipam, pending }) => ipam.driver === driver.name && pending === undefined);
    // Ours knew before anybody could ask.
    if (driver.name === "default" || networks.length === 0) return;
    if (!(await driver.capabilities()).requiresRequestReplay) return;
    for (const { id } of networks) {
      try {
        await this.#remindOf(driver, id);
      } catch (error) {
        // Its own word is final: the others are not to go without for it.
        if (!(error instanceof PluginRefusal)) throw error;
        this.#logger.warn(
          { network: id, reason: messageOf(error) },
          "addresses could not be asked for again",
        );
      }
    }
  }

  async #remindOf(driver: IpamDriver, networkId: string): Promise<void> {
    const { networks, endpoints } = this.#state;
    const record = networks.get(networkId);
    if (record === undefined) return;
    for (const pool of record.pools) {
      const poolId = await this.#askForPool(driver, record, pool);
      for (const { poolId: other, address } of endpoints
        .ofNetwork(networkId)
        .flatMap(({ leases }) => leases)) {
        if (other === pool.poolId) await driver.requestAddress({ poolId, address, options: {} });
      }
      this.#rename(networkId, pool.poolId, poolId);
    }
  }

  async #askForPool(driver: IpamDriver, { ipam }: NetworkRecord, pool: NetworkPoolRecord): Promise<string> {
    const { addressSpace, subPool, ipv6 } = pool;
    const { poolId } = await driver.requestPool({
      addressSpace,
      pool: pool.pool,
      subPool,
      options: ipam.options,
      ipv6,
    });
    for (const address of pool.leases) {
      const isGateway = address === addressOnly(pool.gateway);
      await driver.requestAddress({
        poolId,
        address,
        options: isGateway ? { [requestType]: gatewayKey } : {},
      });
    }
    return poolId;
  }

  /** Its ID of a pool may be another one now. */
  #rename(networkId: string, from: string, to: string): void {
    if (from === to) return;
    const { networks, endpoints } = this.#state;
    const renamed = <Of extends { readonly poolId: string }>(all: readonly Of[]): readonly Of[] =>
      all.map((one) => (one.poolId === from ? { ...one, poolId: to } : one));
    const record = networks.get(networkId);
    if (record === undefined) return;
    networks.put({ ...record, pools: renamed(record.pools) });
    for (const endpoint of endpoints.ofNetwork(networkId)) {
      this.#state.note(() => endpoints.put({ ...endpoint, leases: renamed(endpoint.leases) }));
    }
  }
}
