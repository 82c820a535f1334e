import { exposedPort, wantedPorts } from "../../core/container/published-ports.ts";
import type { ContainerAddress, ContainerRecord } from "../../core/container/record.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { addressOnly, prefixLengthOf } from "../../core/network/cidr.ts";
import { checkFits, networksOf } from "../../core/network/container-network.ts";
import type { NetworkOfContainer } from "../../core/network/container-networks-view.ts";
import {
  type ContainerNetwork,
  type EndpointRecord,
  isNominal,
  isPredefined,
  type NetworkRecord,
} from "../../core/network/record.ts";
import { findNetwork, noSuchNetwork } from "../../core/network/resolve-network.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Sandboxes } from "../../core/ports/sandboxes.ts";
import type { State } from "../../core/ports/state.ts";
import type { EndpointKeeper, Joining } from "./endpoint-keeper.ts";
import type { GatewayKeeper, SandboxOwner } from "./gateway-keeper.ts";
import type { NameService } from "./name-service.ts";
import { publishNetworkEvent } from "./network-events.ts";
import type { Networks } from "./networks.ts";
import { nominalEndpointId } from "./nominal-endpoints.ts";

export interface ContainerNetworksPorts {
  readonly state: State;
  readonly networks: Networks;
  readonly endpoints: EndpointKeeper;
  readonly gateways: GatewayKeeper;
  readonly names: NameService;
  readonly sandboxes: Sandboxes;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

/** What the record of a container tells of its networks while it runs. */
export type NetworkFacts = Pick<ContainerRecord, "address" | "ports" | "networks">;

/** Containers in their networks: each has a sandbox, and in it an endpoint for each network. Callers hold the container's queue. */
export class ContainerNetworks {
  readonly #ports: ContainerNetworksPorts;
  readonly names: NameService;

  constructor(ports: ContainerNetworksPorts) {
    this.#ports = ports;
    this.names = ports.names;
  }

  /** The networks that a container is to be in, each found; not-found in the Engine's words if there is one no longer. */
  find(record: ContainerRecord): readonly FoundNetwork[] {
    return networksOf(record).map((wanted) => {
      const typed = wanted.networkId === "" ? wanted.name : wanted.networkId;
      // A container that has run is bound to its networks, by their IDs.
      const told = record.startedAt.startsWith("0001-") ? wanted.name : typed;
      const network = this.#resolve(typed, told);
      checkFits(wanted, network);
      return { network, wanted: { ...wanted, name: network.name, networkId: network.id } };
    });
  }

  #resolve(typed: string, told: string): NetworkRecord {
    const { networks } = this.#ports;
    const found = findNetwork(typed, networks.list());
    if (found !== undefined) return found;
    if (typed === "bridge") {
      throw new EngineError(
        "not-found",
        "network bridge not found: the daemon runs without it (use --network none, --network host or a network of your own)",
      );
    }
    throw noSuchNetwork(told);
  }

  /** As far as there are such networks: a container may be made before its network. */
  identify(wanted: readonly ContainerNetwork[]): readonly ContainerNetwork[] {
    const all = this.#ports.networks.list();
    return wanted.map((network) => {
      const found = findNetwork(network.name, all);
      return found === undefined ? network : { ...network, name: found.name, networkId: found.id };
    });
  }

  /** As clients are shown them. */
  describe(record: ContainerRecord): readonly NetworkOfContainer[] {
    const { state } = this.#ports;
    const endpoints = state.endpoints.ofContainer(record.id);
    return this.identify(networksOf(record)).map((wanted) => {
      const network = state.networks.get(wanted.networkId);
      return {
        wanted,
        networkId: wanted.networkId,
        endpoint: endpoints.find(({ networkId }) => networkId === wanted.networkId),
        nominalEndpointId: nominalEndpointId(record),
        opensPorts: network?.driver === "bridge" && !network.internal,
      };
    });
  }

  /** Path of the file of a running container's network namespace; empty for none of its own. */
  sandboxKey(record: ContainerRecord): string {
    if (!hasProcess(record) || record.networkMode === "container") return "";
    const [endpoint] = this.#ports.state.endpoints.ofContainer(record.id);
    return endpoint?.sandboxKey ?? `/proc/${record.networkMode === "host" ? 1 : record.pid}/ns/net`;
  }

  /** Makes the container's sandbox with all of its endpoints; what fails is undone by `leave`. Answers the sandbox's file. */
  async join(record: ContainerRecord, found: readonly FoundNetwork[], signal?: AbortSignal): Promise<string> {
    const { sandboxes, endpoints } = this.#ports;
    // What an earlier run could not let go of: its addresses would be taken for another's.
    await endpoints.removeAll(record.id);
    const sandboxKey = await sandboxes.create(record.id);
    const isServed = found.some(({ network }) => !isPredefined(network.name));
    const serving = isServed ? this.names.start(record.id, sandboxKey) : Promise.resolve();
    // Told below; until then the endpoints matter more.
    serving.catch(() => undefined);
    for (const { network, wanted } of found) {
      if (isNominal(network)) continue;
      await endpoints.add(network.id, joining(record, sandboxKey, wanted), signal);
    }
    await this.#ports.gateways.settle(ownerOf(record), sandboxKey, signal);
    await serving;
    return sandboxKey;
  }

  /** Joins one more network while the container runs: all or nothing. */
  async add(
    record: ContainerRecord,
    { network, wanted }: FoundNetwork,
    signal?: AbortSignal,
  ): Promise<EndpointRecord | undefined> {
    const { sandboxes, endpoints, gateways } = this.#ports;
    if (isNominal(network)) return undefined;
    const sandboxKey = await sandboxes.adopt(record.id, record.pid);
    const endpoint = await endpoints.add(network.id, joining(record, sandboxKey, wanted), signal);
    try {
      await gateways.settle(ownerOf(record), sandboxKey, signal);
      if (!isPredefined(network.name)) await this.names.start(record.id, sandboxKey);
    } catch (error) {
      await this.remove(record, network.id);
      throw error;
    }
    return endpoint;
  }

  /** Leaves one of its networks while the container runs. */
  async remove(record: ContainerRecord, networkId: string): Promise<void> {
    const { state, endpoints, gateways } = this.#ports;
    const endpoint = state.endpoints
      .ofContainer(record.id)
      .find((candidate) => candidate.networkId === networkId);
    if (endpoint === undefined) return;
    await endpoints.remove(endpoint);
    await gateways.settle(ownerOf(record), endpoint.sandboxKey);
  }

  /** Leaves one of its networks while the container runs, though the driver cannot be told now. */
  async abandon(record: ContainerRecord, networkId: string): Promise<void> {
    const { state, endpoints, gateways } = this.#ports;
    for (const endpoint of state.endpoints.ofContainer(record.id)) {
      if (endpoint.networkId !== networkId) continue;
      await endpoints.abandon(endpoint);
      await gateways.settle(ownerOf(record), endpoint.sandboxKey);
    }
  }

  /** Undoes `join`, as far as it has come. */
  async leave(containerId: string): Promise<void> {
    const { endpoints, sandboxes } = this.#ports;
    // It would hold the namespace.
    await this.names.stop(containerId);
    try {
      await endpoints.removeAll(containerId);
    } finally {
      await sandboxes.remove(containerId);
    }
  }

  /** What is to be on record of a container that runs. */
  facts(record: ContainerRecord): NetworkFacts {
    const { state } = this.#ports;
    const all = this.#endpoints(record.id);
    const onBridge = all.find(({ networkId }) => state.networks.get(networkId)?.name === "bridge");
    const ports = all.flatMap((endpoint) => endpoint.ports);
    return {
      ...(onBridge === undefined ? {} : { address: addressOf(onBridge) }),
      ports,
      ...(record.networks === undefined ? {} : { networks: record.networks }),
    };
  }

  #endpoints(containerId: string): readonly EndpointRecord[] {
    return this.#ports.state.endpoints
      .ofContainer(containerId)
      .toSorted((one, other) => (one.interfaceName < other.interfaceName ? -1 : 1));
  }

  /** In the order of the interfaces. */
  addresses(containerId: string): readonly ContainerAddress[] {
    return this.#endpoints(containerId).map(addressOf);
  }

  /** The network's events, as the Engine tells them of a container that starts or has ended. */
  publishAll(record: ContainerRecord, action: "connect" | "disconnect"): void {
    const { networks, events } = this.#ports;
    for (const { name, networkId } of networksOf(record)) {
      const network = networks.list().find((other) => other.id === networkId || other.name === name);
      if (network !== undefined) publishNetworkEvent(events, network, action, record.id);
    }
  }
}

export interface FoundNetwork {
  readonly network: NetworkRecord;
  readonly wanted: ContainerNetwork;
}

const ownerOf = ({ id, name, config, hostConfig }: ContainerRecord): SandboxOwner => ({
  id,
  name,
  exposed: config.exposedPorts.map(exposedPort),
  published: wantedPorts(hostConfig, config.exposedPorts),
});

function joining(record: ContainerRecord, sandboxKey: string, wanted: ContainerNetwork): Joining {
  const { id, name, exposed, published } = ownerOf(record);
  return { ownerId: id, ownerName: name, sandboxKey, wanted, exposed, published };
}

function addressOf({ addresses, gateway }: EndpointRecord): ContainerAddress {
  const { address = "", macAddress = "" } = addresses;
  return { address: addressOnly(address), prefixLength: prefixLengthOf(address), gateway, macAddress };
}
