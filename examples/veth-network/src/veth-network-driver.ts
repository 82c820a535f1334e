import {
  type ChosenAddresses,
  type CreateEndpointRequest,
  type CreateNetworkRequest,
  type EndpointRequest,
  type JoinAnswer,
  type NetworkDriver,
  type NetworkRequest,
  publishedPorts,
} from "@davit/sdk";
import type { HostLinks, LinkPair } from "./host-links.ts";
import { entryOf, type Network, type NetworkState, withoutEntry } from "./network-state.ts";

export interface VethNetworkDriverOptions {
  readonly state: NetworkState;
  readonly links: HostLinks;
}

/**
 * A bridge in the host's network namespace for each network, and a pair of interfaces for each endpoint: one end is a port of the bridge, the other goes into
 * the container. Containers reach each other and the host by the bridge's address, and nothing beyond.
 */
export class VethNetworkDriver implements NetworkDriver {
  readonly #state: NetworkState;
  readonly #links: HostLinks;

  constructor({ state, links }: VethNetworkDriverOptions) {
    this.#state = state;
    this.#links = links;
  }

  /** Makes bridges anew that a reboot has taken. */
  async restore(): Promise<void> {
    for (const [networkId, { addresses }] of Object.entries(this.#state.current.networks)) {
      await this.#links.addBridge(bridgeOf(networkId), addresses);
    }
  }

  async createNetwork({ networkId, options, internal, ...request }: CreateNetworkRequest): Promise<void> {
    const [stranger] = Object.keys(options);
    if (stranger !== undefined) throw new Error(`unknown option "${stranger}": there is none`);
    // In an internal network nobody is to be reached but the others in it.
    const gatewayOf = (pools: CreateNetworkRequest["ipv4Pools"]) =>
      internal ? undefined : pools[0]?.gateway;
    const gateway = gatewayOf(request.ipv4Pools);
    const gatewayIPv6 = gatewayOf(request.ipv6Pools);
    const network: Network = {
      addresses: [gateway, gatewayIPv6].filter((address) => address !== undefined),
      ...(gateway !== undefined && { gateway: withoutLength(gateway) }),
      ...(gatewayIPv6 !== undefined && { gatewayIPv6: withoutLength(gatewayIPv6) }),
    };
    await this.#state.change(async (state) => {
      await orUndo(
        () => this.#links.addBridge(bridgeOf(networkId), network.addresses),
        () => this.#links.remove(bridgeOf(networkId)),
      );
      return { ...state, networks: { ...state.networks, [networkId]: network } };
    });
  }

  async deleteNetwork({ networkId }: NetworkRequest): Promise<void> {
    await this.#state.change(async (state) => {
      await this.#links.remove(bridgeOf(networkId));
      return { ...state, networks: withoutEntry(state.networks, networkId) };
    });
  }

  async createEndpoint(request: CreateEndpointRequest): Promise<ChosenAddresses> {
    const { networkId, endpointId, given, options } = request;
    this.#require(networkId);
    if (publishedPorts(options).length > 0) throw new Error("ports cannot be published on this network");
    const macAddress = given.macAddress ?? macOf(endpointId);
    await this.#state.change(async (state) => {
      await orUndo(
        () => this.#links.addPair(pairOf(endpointId), bridgeOf(networkId), macAddress),
        () => this.#links.remove(pairOf(endpointId).host),
      );
      const endpoint = { networkId, macAddress };
      return { ...state, endpoints: { ...state.endpoints, [endpointId]: endpoint } };
    });
    return { macAddress };
  }

  async deleteEndpoint({ endpointId }: EndpointRequest): Promise<void> {
    await this.#state.change(async (state) => {
      await this.#links.remove(pairOf(endpointId).host);
      return { ...state, endpoints: withoutEntry(state.endpoints, endpointId) };
    });
  }

  endpointInfo({ endpointId }: EndpointRequest): Readonly<Record<string, unknown>> {
    return { "host interface": pairOf(endpointId).host };
  }

  join({ networkId, endpointId }: EndpointRequest): JoinAnswer {
    const { gateway, gatewayIPv6 } = this.#require(networkId);
    return {
      interface: { source: pairOf(endpointId).container, prefix: "eth" },
      ...(gateway !== undefined && { gateway }),
      ...(gatewayIPv6 !== undefined && { gatewayIPv6 }),
      disableGatewayService: true,
    };
  }

  /** The interface comes back, or has gone with the container; `deleteEndpoint` follows. */
  leave(): void {
    return undefined;
  }

  #require(networkId: string): Network {
    const network = entryOf(this.#state.current.networks, networkId);
    if (network === undefined) throw new Error(`no such network: ${networkId}`);
    return network;
  }
}

/** Names of interfaces have at most 15 letters; the first digits of an ID are as good as all of it. */
const shortId = (id: string): string => id.slice(0, 10);
const bridgeOf = (networkId: string): string => `vb-${shortId(networkId)}`;
const pairOf = (endpointId: string): LinkPair => ({
  host: `vh-${shortId(endpointId)}`,
  container: `vc-${shortId(endpointId)}`,
});

/** A locally administered one that stays the same however often the endpoint is made. */
const macOf = (endpointId: string): string =>
  ["02", ...(endpointId.slice(0, 10).match(/../g) ?? [])].join(":");

const withoutLength = (address: string): string => address.replace(/\/.*/, "");

async function orUndo(run: () => Promise<void>, undo: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    await undo();
    throw error;
  }
}
