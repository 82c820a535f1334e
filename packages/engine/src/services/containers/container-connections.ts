import type { EndpointSettings } from "@davit/protocol";
import { resolveContainer } from "../../core/container/name.ts";
import { resolvConf, withAddedAddresses, withoutAddresses } from "../../core/container/network-files.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import { addressOnly } from "../../core/network/cidr.ts";
import { checkFits, containerNetwork, networksOf } from "../../core/network/container-network.ts";
import type { ContainerNetwork, EndpointRecord, NetworkRecord } from "../../core/network/record.ts";
import { publishNetworkEvent } from "../networks/network-events.ts";
import type { Networks } from "../networks/networks.ts";
import type { ContainerLinks } from "./container-links.ts";
import type { ContainerPorts } from "./container-ports.ts";

const invalid = (message: string): EngineError => new EngineError("invalid", message);

/** Containers that come to networks and leave them, while they run or not. */
export class ContainerConnections {
  readonly #ports: ContainerPorts;
  readonly #networks: Networks;
  readonly #queue: KeyedQueue;
  readonly #links: ContainerLinks;

  /** `queue` holds the changes of each container. */
  constructor(ports: ContainerPorts, parts: { readonly queue: KeyedQueue; readonly links: ContainerLinks }) {
    this.#ports = ports;
    this.#networks = ports.networkCatalog;
    this.#queue = parts.queue;
    this.#links = parts.links;
  }

  async connect(typedNetwork: string, typedContainer: string, settings: EndpointSettings): Promise<void> {
    const { id } = this.#resolve(typedContainer);
    await this.#queue.run(id, async () => {
      const record = this.#resolve(id);
      const network = this.#networks.resolve(typedNetwork);
      const wanted = containerNetwork(network.name, settings, network.id);
      this.#requireConnectable(record, network);
      checkFits(wanted, network);
      if (hasProcess(record)) await this.#connectNow(record, network, wanted);
      else this.#put(record, withNetwork(networksOf(record), wanted));
    });
  }

  #resolve(typed: string): ContainerRecord {
    if (typed === "") throw invalid('invalid name or ID supplied: ""');
    return resolveContainer(typed, this.#ports.state.containers.list());
  }

  /** With the Engine's text. */
  #requireConnectable(record: ContainerRecord, network: NetworkRecord): void {
    if (record.status === "dead") {
      throw new EngineError(
        "conflict",
        `container ${record.id} is marked for removal and cannot be connected`,
      );
    }
    if (record.networkMode !== "host" && network.driver === "host") throw hostConflict();
    const isShared = record.networkMode === "container" || record.networkMode === "host";
    const others = networksOf(record).filter((other) => other.networkId !== network.id);
    if (isShared && !(network.driver === "host" && others.length === 0)) {
      throw invalid(
        "container sharing network namespace with another container or host cannot be connected to any other network",
      );
    }
    if (others.length > 0 && [network, ...others].some(({ name }) => name === "none")) {
      throw invalid(
        "container cannot be connected to multiple networks with one of the networks in private (none) mode",
      );
    }
  }

  async #connectNow(
    record: ContainerRecord,
    network: NetworkRecord,
    wanted: ContainerNetwork,
  ): Promise<void> {
    const { networks, state, events } = this.#ports;
    if (state.endpoints.ofContainer(record.id).some(({ networkId }) => networkId === network.id)) {
      throw new EngineError(
        "forbidden",
        `endpoint with name ${record.name} already exists in network ${network.name}`,
      );
    }
    const wasServed = networks.names.isServed(record.id);
    const endpoint = await networks.add(record, { network, wanted });
    this.#put(record, withNetwork(networksOf(record), wanted));
    if (!wasServed && networks.names.isServed(record.id)) await this.#changeResolvers(record);
    if (endpoint !== undefined) await this.#changeHosts(record, endpoint, withAddedAddresses);
    publishNetworkEvent(events, network, "connect", record.id);
  }

  async disconnect(
    typedNetwork: string,
    typedContainer: string,
    { force }: { readonly force: boolean },
  ): Promise<void> {
    const network = this.#networks.resolve(typedNetwork);
    const id = this.#find(typedContainer, force)?.id;
    if (id === undefined) throw new EngineError("not-found", `endpoint ${typedContainer} not found`);
    await this.#queue.run(id, async () => {
      const record = this.#resolve(id);
      if (record.networkMode === "host" && network.driver === "host") throw hostConflict();
      const left = networksOf(record).filter((other) => !isSame(other, network));
      if (left.length === networksOf(record).length) {
        throw new EngineError(
          "conflict",
          `container ${record.id} is not connected to ${hasProcess(record) ? "" : "the "}network ${network.name}`,
        );
      }
      if (!hasProcess(record)) {
        this.#put(record, left);
        return;
      }
      await this.#disconnectNow(record, network, left, force);
    });
  }

  #find(typed: string, force: boolean): ContainerRecord | undefined {
    if (!force) return this.#resolve(typed);
    return this.#ports.state.containers.list().find(({ id, name }) => id === typed || name === typed);
  }

  async #disconnectNow(
    record: ContainerRecord,
    network: NetworkRecord,
    left: readonly ContainerNetwork[],
    force: boolean,
  ): Promise<void> {
    const { state, networks, events, logger } = this.#ports;
    const endpoint = state.endpoints.ofContainer(record.id).find(({ networkId }) => networkId === network.id);
    try {
      await networks.remove(record, network.id);
    } catch (error) {
      if (!force) throw error;
      logger.warn({ container: record.id, err: error }, "a container was disconnected by force");
      await networks.abandon(record, network.id);
    }
    this.#put(record, left);
    if (endpoint !== undefined) await this.#changeHosts(record, endpoint, withoutAddresses);
    publishNetworkEvent(events, network, "disconnect", record.id);
  }

  #put(record: ContainerRecord, wanted: readonly ContainerNetwork[]): void {
    const { state, networks } = this.#ports;
    const { address: _address, ...rest } = record;
    const changed = { ...rest, networks: wanted };
    state.containers.put(hasProcess(record) ? { ...changed, ...networks.facts(changed) } : changed);
  }

  /** From now on the engine's own name server is asked. */
  async #changeResolvers(record: ContainerRecord): Promise<void> {
    const { host, layout } = this.#ports;
    const ofHost = (await host.readSmallFile("/etc/resolv.conf")) ?? "";
    await host.overwriteFile(layout.container(record.id).resolvConf, resolvConf(record, ofHost, true));
  }

  async #changeHosts(
    { id, config }: ContainerRecord,
    { addresses }: EndpointRecord,
    change: typeof withAddedAddresses,
  ): Promise<void> {
    const given = [addresses.address, addresses.addressIPv6].flatMap((address) =>
      address === undefined ? [] : [addressOnly(address)],
    );
    await this.#links.changeHosts(id, (hosts) => change(hosts, given, config));
  }
}

const hostConflict = (): EngineError =>
  invalid("container cannot be disconnected from host network or connected to host network");

const isSame = (wanted: ContainerNetwork, { id, name }: NetworkRecord): boolean =>
  wanted.networkId === "" ? wanted.name === name : wanted.networkId === id;

/** In place of what it asked of the same network before. */
const withNetwork = (
  all: readonly ContainerNetwork[],
  wanted: ContainerNetwork,
): readonly ContainerNetwork[] => [
  ...all.filter(({ name, networkId }) => networkId !== wanted.networkId && name !== wanted.name),
  wanted,
];
