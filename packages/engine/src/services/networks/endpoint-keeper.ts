import type { WantedPort } from "../../core/container/published-ports.ts";
import { EngineError, messageOf, UnsettledStep, wrapError } from "../../core/errors.ts";
import { newId } from "../../core/identifiers.ts";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import { parseCidr } from "../../core/network/cidr.ts";
import { freeInterfaceName } from "../../core/network/gateways.ts";
import { portOptions } from "../../core/network/port-options.ts";
import type { ContainerNetwork, EndpointRecord, NetworkRecord } from "../../core/network/record.ts";
import { noSuchNetwork } from "../../core/network/resolve-network.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PublishedPort } from "../../core/ports/network.ts";
import type { EndpointAddresses, JoinInfo, NetworkDriver } from "../../core/ports/network-driver.ts";
import type { Sandboxes } from "../../core/ports/sandboxes.ts";
import type { State } from "../../core/ports/state.ts";
import type { NetworkDriverLookup } from "./driver-lookup.ts";
import { insist } from "./insist.ts";
import type { NetworkAddresses } from "./network-addresses.ts";

export interface EndpointKeeperPorts {
  readonly state: Pick<State, "endpoints" | "networks" | "note">;
  readonly drivers: NetworkDriverLookup;
  readonly addresses: NetworkAddresses;
  readonly sandboxes: Sandboxes;
  readonly logger: Logger;
}

/** What joins a network. */
export interface Joining {
  /** A container's, or a plugin's. */
  readonly ownerId: string;
  /** For messages. */
  readonly ownerName: string;
  readonly sandboxKey: string;
  readonly wanted: ContainerNetwork;
  readonly exposed: readonly Pick<PublishedPort, "containerPort" | "protocol">[];
  readonly published: readonly WantedPort[];
}

/**
 * Makes endpoints and takes them down. Each thing that a driver is asked for is on record before it is asked, and each that it is
 * asked to undo until it has: so every step is undone once, whatever dies in between.
 */
export class EndpointKeeper {
  readonly #ports: EndpointKeeperPorts;
  /** One that is taken down twice at once would give its addresses back twice, the second time from whoever has them by then. */
  readonly #endings = new KeyedQueue();
  /** Made by this engine, and not to be taken down yet. */
  readonly #held = new Set<string>();

  constructor(ports: EndpointKeeperPorts) {
    this.#ports = ports;
  }

  /** All or nothing. */
  async add(networkId: string, joining: Joining, signal?: AbortSignal): Promise<EndpointRecord> {
    const { state, drivers, addresses } = this.#ports;
    const network = state.networks.get(networkId);
    if (network === undefined || network.pending !== undefined) throw noSuchNetwork(joining.wanted.name);
    let endpoint = freshEndpoint(network, joining);
    const save = (changes: Partial<EndpointRecord>): EndpointRecord => {
      endpoint = { ...endpoint, ...changes };
      state.note(() => state.endpoints.put(endpoint));
      return endpoint;
    };
    this.#held.add(endpoint.endpointId);
    save({});
    try {
      const driver = await drivers.waitFor(network.driver, signal);
      await addresses.ready(network, signal);
      const known = state.networks.get(networkId) ?? network;
      await this.#lease(known, joining.wanted, () => endpoint, save, signal);
      await this.#create(driver, network, joining, () => endpoint, save, signal);
      await this.#join(driver, joining, () => endpoint, save, signal);
      return endpoint;
    } catch (error) {
      await this.#undo(endpoint);
      throw error;
    }
  }

  async #lease(
    network: NetworkRecord,
    wanted: ContainerNetwork,
    current: () => EndpointRecord,
    save: Save,
    signal?: AbortSignal,
  ): Promise<void> {
    const { addresses } = this.#ports;
    if (wanted.macAddress === "" && (await addresses.requiresMac(network, signal))) {
      save({ addresses: { macAddress: randomMac() } });
    }
    for (const ipv6 of [false, true]) {
      if (!(ipv6 ? network.enableIPv6 : network.enableIPv4)) continue;
      const address = ipv6 ? wanted.ipv6Address : wanted.ipv4Address;
      const { macAddress } = current().addresses;
      const given = await addresses.lease(network, { ipv6, address, macAddress }, signal);
      if (given === undefined) continue;
      const { leases, addresses: known } = current();
      save({
        leases: [...leases, given.lease],
        addresses: { ...known, [ipv6 ? "addressIPv6" : "address"]: given.address },
      });
    }
  }

  async #create(
    driver: NetworkDriver,
    network: NetworkRecord,
    { exposed, published, wanted, ownerName }: Joining,
    current: () => EndpointRecord,
    save: Save,
    signal?: AbortSignal,
  ): Promise<void> {
    const { networkId, endpointId, addresses } = save({ asked: { ...current().asked, create: true } });
    // Nothing from outside reaches an internal network.
    const ports = network.internal ? {} : portOptions(exposed, published);
    const options = { ...ports, ...wanted.driverOpts };
    try {
      const chosen = await driver.createEndpoint({ networkId, endpointId, addresses, options }, { signal });
      save({ addresses: withChosen(addresses, chosen) });
    } catch (error) {
      // A step that fails is undone by the driver itself, if it can be.
      save({ asked: { ...current().asked, create: error instanceof UnsettledStep } });
      throw wrapError(`failed to create endpoint ${ownerName} on network ${wanted.name}`, error);
    }
    this.#requireAddresses(current().addresses);
  }

  #requireAddresses({ address, addressIPv6 }: EndpointAddresses): void {
    for (const given of [address, addressIPv6]) {
      if (given !== undefined && parseCidr(given) === undefined) {
        throw new EngineError("internal", `driver gave an address that is none: ${given}`);
      }
    }
  }

  async #join(
    driver: NetworkDriver,
    { exposed, published, wanted }: Joining,
    current: () => EndpointRecord,
    save: Save,
    signal?: AbortSignal,
  ): Promise<void> {
    const taken = this.#interfaceNames(current());
    const interfaceName = freeInterfaceName("eth", taken);
    // The name is taken from now on: another network may be joined at the same time.
    const asked = save({ interfaceName, asked: { ...current().asked, join: true } });
    const { networkId, endpointId, addresses, sandboxKey } = asked;
    let info: JoinInfo;
    try {
      const options = portOptions(exposed, published);
      info = await driver.join(
        { networkId, endpointId, sandboxKey, options, interfaceName, addresses },
        { signal },
      );
    } catch (error) {
      save({ interfaceName: "", asked: { ...asked.asked, join: error instanceof UnsettledStep } });
      throw error;
    }
    const name = await this.#place(info, current(), taken, save, signal);
    const { sandboxes } = this.#ports;
    if (name !== "") {
      if (wanted.linkLocalIps.length > 0) {
        const linkLocal = wanted.linkLocalIps.map((ip) => `${ip}/${ip.includes(":") ? 64 : 16}`);
        await sandboxes.addAddresses(sandboxKey, name, linkLocal);
      }
      if (info.staticRoutes.length > 0) await sandboxes.addRoutes(sandboxKey, name, info.staticRoutes);
    }
    save({ gateway: info.gateway ?? "", gatewayIPv6: info.gatewayIPv6 ?? "" });
  }

  /** Puts the interface where it belongs; answers its name, empty for none. */
  async #place(
    info: JoinInfo,
    { sandboxKey, addresses }: EndpointRecord,
    taken: readonly string[],
    save: Save,
    signal?: AbortSignal,
  ): Promise<string> {
    const placed = info.interface;
    if (placed.kind === "none") return save({ interfaceName: "" }).interfaceName;
    if (placed.kind === "placed") return save({ interfaceName: placed.name }).interfaceName;
    const { source, prefix } = placed;
    const name = freeInterfaceName(prefix === "" ? "eth" : prefix, taken);
    save({ interfaceName: name, movedFrom: source });
    const { address, addressIPv6, macAddress } = addresses;
    await this.#ports.sandboxes.addInterface(
      sandboxKey,
      { source, name, macAddress, addresses: [address, addressIPv6].flatMap((given) => given ?? []) },
      signal,
    );
    return name;
  }

  #interfaceNames({ containerId, endpointId }: EndpointRecord): readonly string[] {
    return this.#ports.state.endpoints
      .ofContainer(containerId)
      .filter((other) => other.endpointId !== endpointId)
      .map(({ interfaceName }) => interfaceName);
  }

  /** What is published goes through this endpoint from now on; nothing of it stays if that fails. */
  async programExternal(
    { endpointId }: EndpointRecord,
    options: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<void> {
    const { state, drivers } = this.#ports;
    const { endpoint, network } = this.#require(endpointId);
    const driver = await drivers.get(network.driver, signal);
    state.note(() => state.endpoints.put({ ...endpoint, asked: { ...endpoint.asked, external: true } }));
    try {
      await driver.programExternalConnectivity(endpoint, options, { signal });
    } catch (error) {
      const external = error instanceof UnsettledStep;
      state.note(() => state.endpoints.put({ ...endpoint, asked: { ...endpoint.asked, external } }));
      throw error;
    }
  }

  async revokeExternal({ endpointId }: EndpointRecord): Promise<void> {
    const { state, drivers } = this.#ports;
    const { endpoint, network } = this.#require(endpointId);
    if (!endpoint.asked.external) return;
    await this.#insist(endpoint, network, "revoke external connectivity", async () =>
      (await drivers.get(network.driver)).revokeExternalConnectivity(endpoint),
    );
    state.note(() =>
      state.endpoints.put({ ...endpoint, ports: [], asked: { ...endpoint.asked, external: false } }),
    );
  }

  #require(endpointId: string) {
    const endpoint = this.#ports.state.endpoints.get(endpointId);
    const network = endpoint === undefined ? undefined : this.#ports.state.networks.get(endpoint.networkId);
    if (endpoint === undefined || network === undefined) {
      throw new EngineError("not-found", `endpoint ${endpointId} not found`);
    }
    return { endpoint, network };
  }

  /** Whether an endpoint is made, or there for what runs or is about to. */
  isHeld({ endpointId }: Pick<EndpointRecord, "endpointId">): boolean {
    return this.#held.has(endpointId);
  }

  /** Takes an endpoint down, going on where an earlier attempt has ended; what a driver does not answer stays on record. */
  remove({ endpointId }: Pick<EndpointRecord, "endpointId">): Promise<void> {
    this.#held.delete(endpointId);
    return this.#endings.run(endpointId, () => this.#remove(endpointId));
  }

  /** Takes away what is here of an endpoint whose driver cannot be told; that waits on record, and is nobody's. */
  async abandon({ endpointId }: Pick<EndpointRecord, "endpointId">): Promise<void> {
    const { state, sandboxes } = this.#ports;
    await this.#endings.run(endpointId, async () => {
      const endpoint = state.endpoints.get(endpointId);
      if (endpoint === undefined) return;
      const { sandboxKey, interfaceName: name, movedFrom: source } = endpoint;
      if (source !== "") await sandboxes.returnInterface(sandboxKey, { name, source });
      state.endpoints.put({ ...endpoint, containerId: "", interfaceName: "", movedFrom: "", ports: [] });
    });
  }

  async #remove(endpointId: string): Promise<void> {
    const { state, drivers, addresses, sandboxes } = this.#ports;
    let endpoint = state.endpoints.get(endpointId);
    if (endpoint === undefined) return;
    const network = state.networks.get(endpoint.networkId);
    const save = (changes: Partial<EndpointRecord>): void => {
      if (endpoint === undefined) return;
      const changed = { ...endpoint, ...changes };
      endpoint = changed;
      state.note(() => state.endpoints.put(changed));
    };
    if (network !== undefined) {
      const driver = () => drivers.get(network.driver);
      if (endpoint.asked.external) await this.revokeExternal(endpoint);
      endpoint = state.endpoints.get(endpointId) ?? endpoint;
      if (endpoint.movedFrom !== "") {
        const moved = { name: endpoint.interfaceName, source: endpoint.movedFrom };
        await sandboxes.returnInterface(endpoint.sandboxKey, moved);
        save({ movedFrom: "" });
      }
      const asked = endpoint;
      if (asked.asked.join) {
        await this.#insist(asked, network, "leave", async () => (await driver()).leave(asked));
        save({ asked: { ...asked.asked, join: false, external: false } });
      }
      if (asked.asked.create) {
        await this.#insist(asked, network, "delete endpoint", async () =>
          (await driver()).deleteEndpoint(asked),
        );
        save({ asked: { create: false, join: false, external: false } });
      }
      if (asked.leases.length > 0) await addresses.present(network);
      const { leases } = state.endpoints.get(endpointId) ?? endpoint;
      save({ leases });
      for (const lease of leases) {
        await addresses.releaseLease(network, lease);
        save({ leases: endpoint.leases.filter((other) => other !== lease) });
      }
    }
    state.note(() => state.endpoints.remove(endpointId));
  }

  /** Everything of one sandbox, the newest first; the failures of some do not keep the others. */
  async removeAll(ownerId: string): Promise<void> {
    const failures: unknown[] = [];
    for (const endpoint of this.#ports.state.endpoints.ofContainer(ownerId)) {
      await this.remove(endpoint).catch((error: unknown) => failures.push(error));
    }
    const [first] = failures;
    if (first !== undefined) throw wrapError(`leave networks of ${ownerId}`, first);
  }

  async #undo({ endpointId }: EndpointRecord): Promise<void> {
    try {
      await this.remove({ endpointId });
    } catch (error) {
      this.#ports.logger.warn(
        { endpoint: endpointId, err: error },
        "an endpoint that failed is not undone yet",
      );
    }
  }

  #insist(
    endpoint: EndpointRecord,
    network: NetworkRecord,
    step: string,
    run: () => Promise<unknown>,
  ): Promise<void> {
    return insist(network.driver, run, (error) =>
      this.#ports.logger.warn(
        { endpoint: endpoint.endpointId, container: endpoint.containerId, step, reason: messageOf(error) },
        "a network driver refused to undo its part",
      ),
    );
  }
}

type Save = (changes: Partial<EndpointRecord>) => EndpointRecord;

const freshEndpoint = ({ id }: NetworkRecord, { ownerId, sandboxKey, wanted }: Joining): EndpointRecord => ({
  endpointId: newId(),
  networkId: id,
  containerId: ownerId,
  sandboxKey,
  asked: { create: false, join: false, external: false },
  leases: [],
  addresses: wanted.macAddress === "" ? {} : { macAddress: wanted.macAddress },
  interfaceName: "",
  movedFrom: "",
  gateway: "",
  gatewayIPv6: "",
  gatewayPriority: wanted.gatewayPriority,
  ports: [],
});

/** What was given stays as it is. */
const withChosen = (given: EndpointAddresses, chosen: EndpointAddresses): EndpointAddresses => ({
  address: given.address ?? chosen.address,
  addressIPv6: given.addressIPv6 ?? chosen.addressIPv6,
  macAddress: given.macAddress ?? chosen.macAddress,
});

/** Of nobody's making, for one interface. */
const randomMac = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return ["02", "42", ...Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))].join(":");
};
