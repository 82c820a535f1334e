import type { Network, NetworkCreateBody } from "@davit/protocol";
import { EngineError, isCanceled, UnsettledStep, wrapError } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { newId } from "../../core/identifiers.ts";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Attached } from "../../core/network/network-view.ts";
import { networkView } from "../../core/network/network-view.ts";
import { planNetwork } from "../../core/network/plan-network.ts";
import {
  type EndpointRecord,
  isNominal,
  isPredefined,
  type NetworkRecord,
} from "../../core/network/record.ts";
import { noSuchNetwork, requireNetwork } from "../../core/network/resolve-network.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { NetworkDriverLookup } from "./driver-lookup.ts";
import { driverNetwork } from "./driver-network.ts";
import type { EndpointKeeper } from "./endpoint-keeper.ts";
import { insist, isManaged } from "./insist.ts";
import type { NetworkAddresses } from "./network-addresses.ts";
import { publishNetworkEvent } from "./network-events.ts";
import { nominallyAttached } from "./nominal-endpoints.ts";

export interface NetworksPorts {
  readonly state: State;
  readonly drivers: NetworkDriverLookup;
  readonly addresses: NetworkAddresses;
  readonly endpoints: EndpointKeeper;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

/** The life of networks: what the engine records, and what it asks of drivers. */
export class Networks {
  readonly #ports: NetworksPorts;
  /** The end of each network: two at once would give its pools back twice, the second time from whoever has them by then. */
  readonly #endings = new KeyedQueue();
  /** Whose creation is under way. */
  readonly #creating = new Set<string>();

  constructor(ports: NetworksPorts) {
    this.#ports = ports;
  }

  /** By full ID, name or prefix of the ID; not-found in the Engine's words. */
  resolve(typed: string): NetworkRecord {
    return requireNetwork(typed, this.#known());
  }

  /** Those that are made whole. */
  #known(): readonly NetworkRecord[] {
    return this.#ports.state.networks.list().filter(({ pending }) => pending !== "create");
  }

  async create(body: NetworkCreateBody, signal?: AbortSignal): Promise<NetworkRecord> {
    const plan = planNetwork(body);
    const { state, drivers, addresses, events } = this.#ports;
    this.#requireFreeName(plan.name);
    const driver = await drivers.waitFor(plan.driver, signal);
    const ipamDriver = await addresses.canonicalName(plan.ipam.driver, signal);
    // They are there: what they could not undo before they may be able to undo now.
    await this.#settleFailed(driver.name, ipamDriver);
    const { scope } = await driver.capabilities({ signal });
    if (scope === "global") throw noCluster();
    const { driver: _typed, ...planned } = plan;
    let record: NetworkRecord = {
      ...planned,
      id: newId(),
      createdAt: new Date().toISOString(),
      driver: driver.name,
      ipam: { ...planned.ipam, driver: ipamDriver },
      scope,
      pools: [],
      pending: "create",
    };
    this.#requireFreeName(plan.name);
    const save = (changed: NetworkRecord): void => {
      record = changed;
      state.note(() => state.networks.put(changed));
    };
    this.#creating.add(record.id);
    save(record);
    try {
      save(await addresses.allocate(record, save, signal));
      await driver.createNetwork(driverNetwork(record), { signal });
    } catch (error) {
      await this.#undoCreation(record, error instanceof UnsettledStep);
      throw error;
    } finally {
      this.#creating.delete(record.id);
    }
    record = { ...record, pending: undefined };
    state.networks.put(record);
    publishNetworkEvent(events, record, "create");
    return record;
  }

  #requireFreeName(name: string): void {
    const isTaken = this.#ports.state.networks.list().some((other) => other.name === name);
    if (isTaken) throw new EngineError("conflict", `network with name ${name} already exists`);
  }

  async #undoCreation(record: NetworkRecord, driverMayHave: boolean): Promise<void> {
    const { logger, state } = this.#ports;
    try {
      if (driverMayHave) await this.#deleteAtDriver(record);
      await this.#releasePools(record);
      state.networks.remove(record.id);
    } catch (error) {
      logger.warn({ network: record.id, err: error }, "a network that failed is not undone yet");
      // Its name is free: nobody has it.
      const left = state.networks.get(record.id);
      if (left !== undefined) state.networks.put({ ...left, name: left.id });
    }
  }

  /** Undoes what failed to be created by these drivers and could not be undone at once. */
  async #settleFailed(driver: string, ipamDriver: string): Promise<void> {
    const failed = this.#ports.state.networks
      .list()
      .filter(
        ({ driver: its, ipam, pending }) =>
          its === driver && ipam.driver === ipamDriver && pending === "create",
      );
    for (const { id } of failed) await this.#settle(id);
  }

  /** Deletes a network that is neither made nor removed; one that cannot be deleted yet stays on record. */
  #settle(id: string): Promise<void> {
    const { state, logger } = this.#ports;
    return this.#endings.run(id, async () => {
      const record = state.networks.get(id);
      if (record?.pending === undefined || this.#creating.has(id)) return;
      try {
        await this.#deleteAtDriver(record);
        await this.#releasePools(record);
        state.networks.remove(id);
      } catch (error) {
        logger.warn({ network: id, err: error }, "network could not be settled with its driver yet");
      }
    });
  }

  async #deleteAtDriver(record: NetworkRecord): Promise<void> {
    const { drivers, logger } = this.#ports;
    await insist(
      record.driver,
      async () => (await drivers.get(record.driver)).deleteNetwork(record.id),
      (error) =>
        logger.warn({ network: record.id, err: error }, "a network driver refused to delete a network"),
    );
  }

  async #releasePools(record: NetworkRecord): Promise<void> {
    const { addresses, state } = this.#ports;
    if (record.pools.length > 0) await addresses.present(record);
    await addresses.release(state.networks.get(record.id) ?? record, (changed) =>
      state.note(() => state.networks.put(changed)),
    );
  }

  /** Removes a network that nothing is in; what a driver does not answer is settled when the engine starts, or at the next attempt. */
  async remove(typed: string): Promise<void> {
    const record = this.resolve(typed);
    if (isPredefined(record.name)) {
      throw new EngineError("forbidden", `${record.name} is a pre-defined network and cannot be removed`);
    }
    await this.#endings.run(record.id, () => this.#remove(record.id, typed));
  }

  async #remove(id: string, typed: string): Promise<void> {
    const { state, events } = this.#ports;
    const record = state.networks.get(id);
    if (record === undefined) throw noSuchNetwork(typed);
    const failure = await this.settleEndpoints(record.id);
    const isHeld = state.endpoints.ofNetwork(record.id).some((endpoint) => this.#isInUse(endpoint));
    if (failure !== undefined && !isHeld) {
      throw wrapError(`error while removing network: network ${record.name} id ${record.id}`, failure);
    }
    if (state.endpoints.ofNetwork(record.id).length > 0) {
      throw new EngineError(
        "forbidden",
        `error while removing network: network ${record.name} id ${record.id} has active endpoints`,
      );
    }
    state.networks.put({ ...(state.networks.get(id) ?? record), pending: "remove" });
    await this.#finishRemoval(record);
    publishNetworkEvent(events, record, "destroy");
  }

  async #finishRemoval(record: NetworkRecord): Promise<void> {
    const { state, drivers } = this.#ports;
    try {
      // One that was removed does not come back by itself.
      const driver = () =>
        isManaged(record.driver) ? drivers.get(record.driver) : drivers.waitFor(record.driver);
      await insist(record.driver, async () => (await driver()).deleteNetwork(record.id));
    } catch (error) {
      // It has not been done: the network stays, unless nobody knows.
      const left = state.networks.get(record.id);
      if (!isCanceled(error) && left !== undefined) state.networks.put({ ...left, pending: undefined });
      throw error;
    }
    await this.#releasePools(record);
    state.networks.remove(record.id);
  }

  /** Takes down what is left of containers that do not run, of which a driver did not let go before; answers a failure, if there is one. */
  async settleEndpoints(networkId: string): Promise<unknown> {
    const { state, endpoints, logger } = this.#ports;
    let failure: unknown;
    for (const endpoint of state.endpoints.ofNetwork(networkId)) {
      if (this.#isInUse(endpoint)) continue;
      try {
        await endpoints.remove(endpoint);
      } catch (error) {
        failure = error;
        logger.warn({ endpoint: endpoint.endpointId, err: error }, "an endpoint is still not taken down");
      }
    }
    return failure;
  }

  /** Whether there is something that could hold an endpoint: a container that runs or is about to, a plugin. */
  #isInUse(endpoint: EndpointRecord): boolean {
    const { state, endpoints } = this.#ports;
    const ownerId = endpoint.containerId;
    if (endpoints.isHeld(endpoint)) return true;
    if (state.plugins.get(ownerId) !== undefined) return true;
    const container = state.containers.get(ownerId);
    return container !== undefined && !["exited", "dead"].includes(container.status);
  }

  list(): readonly NetworkRecord[] {
    return this.#known();
  }

  view(record: NetworkRecord): Network {
    return networkView(record, this.attached(record));
  }

  /** The containers that are in a network now. */
  attached(record: NetworkRecord): readonly Attached[] {
    const { state } = this.#ports;
    if (isNominal(record)) return nominallyAttached(record, state.containers.list());
    return state.endpoints.ofNetwork(record.id).flatMap((endpoint) => {
      const container = state.containers.get(endpoint.containerId);
      return container === undefined ? [] : [{ container, endpoint }];
    });
  }

  /** Removes what nothing is in and `matches` accepts. */
  async prune(matches: (network: NetworkRecord) => boolean): Promise<readonly string[]> {
    const { logger, events } = this.#ports;
    const removed: string[] = [];
    for (const record of this.#known()) {
      if (isPredefined(record.name) || this.attached(record).length > 0 || !matches(record)) continue;
      try {
        await this.remove(record.id);
        removed.push(record.name);
      } catch (error) {
        logger.warn({ network: record.name, err: error }, "network was not pruned");
      }
    }
    events.publish({ type: "network", action: "prune", id: "", attributes: { reclaimed: "0" } });
    return removed;
  }

  /** Settles what an earlier engine asked of drivers and did not see answered; after the drivers are there again. */
  async restore(): Promise<void> {
    const { state, addresses } = this.#ports;
    for (const record of state.networks.list()) {
      await this.settleEndpoints(record.id);
      if (record.pending === undefined) {
        await addresses.remind(record.ipam.driver);
        continue;
      }
      await this.#settle(record.id);
    }
  }
}

const noCluster = (): EngineError =>
  new EngineError(
    "unavailable",
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  );
