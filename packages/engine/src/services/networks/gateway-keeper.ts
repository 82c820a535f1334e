import type { WantedPort } from "../../core/container/published-ports.ts";
import { chooseGateways, externalEndpoint, type PlacedEndpoint } from "../../core/network/gateways.ts";
import { portOptions, publishedPortsOf } from "../../core/network/port-options.ts";
import type { EndpointRecord, NetworkRecord } from "../../core/network/record.ts";
import type { PublishedPort } from "../../core/ports/network.ts";
import type { Sandboxes } from "../../core/ports/sandboxes.ts";
import type { State } from "../../core/ports/state.ts";
import type { NetworkDriverLookup } from "./driver-lookup.ts";
import type { EndpointKeeper } from "./endpoint-keeper.ts";
import { connectivityFailure, type PortChooser } from "./port-chooser.ts";

export interface GatewayKeeperPorts {
  readonly state: Pick<State, "endpoints" | "networks" | "note">;
  readonly endpoints: EndpointKeeper;
  readonly drivers: NetworkDriverLookup;
  readonly portChooser: PortChooser;
  readonly sandboxes: Sandboxes;
}

/** Whose sandbox it is. */
export interface SandboxOwner {
  readonly id: string;
  readonly name: string;
  readonly exposed: readonly Pick<PublishedPort, "containerPort" | "protocol">[];
  readonly published: readonly WantedPort[];
}

/** Which of a sandbox's endpoints leads out of it, and in to what is published. */
export class GatewayKeeper {
  readonly #ports: GatewayKeeperPorts;

  constructor(ports: GatewayKeeperPorts) {
    this.#ports = ports;
  }

  /** After endpoints have come or gone. */
  async settle(owner: SandboxOwner, sandboxKey: string, signal?: AbortSignal): Promise<void> {
    const { state, sandboxes, endpoints } = this.#ports;
    const placed = this.#placed(owner.id);
    const gateways = chooseGateways(placed);
    const external = externalEndpoint(gateways)?.endpoint.endpointId;
    for (const { endpoint } of placed) {
      if (endpoint.asked.external && endpoint.endpointId !== external)
        await endpoints.revokeExternal(endpoint);
    }
    await sandboxes.setGateways(sandboxKey, {
      ipv4: leadingOut(gateways.ipv4, ({ gateway }) => gateway),
      ipv6: leadingOut(gateways.ipv6, ({ gatewayIPv6 }) => gatewayIPv6),
    });
    const chosen = external === undefined ? undefined : state.endpoints.get(external);
    if (chosen !== undefined && !chosen.asked.external) await this.#publish(owner, chosen, signal);
  }

  #placed(ownerId: string): readonly PlacedEndpoint[] {
    const { state } = this.#ports;
    return state.endpoints.ofContainer(ownerId).flatMap((endpoint) => {
      const network = state.networks.get(endpoint.networkId);
      return network === undefined ? [] : [{ endpoint, network }];
    });
  }

  async #publish(owner: SandboxOwner, endpoint: EndpointRecord, signal?: AbortSignal): Promise<void> {
    const { state } = this.#ports;
    const network = state.networks.get(endpoint.networkId);
    if (network === undefined) return;
    const save = (ports: readonly PublishedPort[]): void => {
      const current = state.endpoints.get(endpoint.endpointId);
      if (current !== undefined) state.note(() => state.endpoints.put({ ...current, ports }));
    };
    try {
      if (network.driver === "bridge") await this.#publishHere(owner, endpoint, network, save, signal);
      else await this.#publishByPlugin(owner, endpoint, network, save, signal);
    } catch (error) {
      save([]);
      throw connectivityFailure({ name: owner.name, id: endpoint.endpointId }, error);
    }
  }

  async #publishHere(
    { exposed, published }: SandboxOwner,
    endpoint: EndpointRecord,
    network: NetworkRecord,
    save: (ports: readonly PublishedPort[]) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const { state, endpoints, portChooser } = this.#ports;
    await portChooser.choose(bound(published, network), endpoint.endpointId, save);
    const { ports } = state.endpoints.get(endpoint.endpointId) ?? endpoint;
    await endpoints.programExternal(endpoint, portOptions(exposed, ports), signal);
  }

  /** It chooses ports by itself, and tells. */
  async #publishByPlugin(
    { exposed, published }: SandboxOwner,
    endpoint: EndpointRecord,
    network: NetworkRecord,
    save: (ports: readonly PublishedPort[]) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const { endpoints, drivers } = this.#ports;
    await endpoints.programExternal(endpoint, portOptions(exposed, published), signal);
    if (published.length === 0) return;
    const driver = await drivers.get(network.driver, signal);
    save(publishedPortsOf(await driver.endpointInfo(endpoint, { signal })));
  }
}

/** What is published without an address of the host is so where the network says. */
function bound(published: readonly WantedPort[], { options }: NetworkRecord): readonly WantedPort[] {
  const binding = options["com.docker.network.bridge.host_binding_ipv4"] ?? "";
  if (binding === "" || binding === "0.0.0.0") return published;
  return published.map((port) => (port.hostAddress === undefined ? { ...port, hostAddress: binding } : port));
}

const leadingOut = (placed: PlacedEndpoint | undefined, gatewayOf: (endpoint: EndpointRecord) => string) =>
  placed === undefined
    ? undefined
    : { gateway: gatewayOf(placed.endpoint), interfaceName: placed.endpoint.interfaceName };
