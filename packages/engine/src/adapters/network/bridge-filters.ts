import { EngineError } from "../../core/errors.ts";
import { addressOnly, familyOf } from "../../core/network/cidr.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PublishedPort } from "../../core/ports/network.ts";
import type { DriverNetwork, EndpointAddresses } from "../../core/ports/network-driver.ts";
import type { BridgeOptions } from "./bridge-options.ts";
import { networkRules, portRules } from "./bridge-rules.ts";
import { type FilterRule, PacketFilter } from "./packet-filter.ts";

/** What is on record of the bridge driver's networks and endpoints: it remembers nothing by itself. */
export interface BridgeRecords {
  /** As it was created; undefined for one that there is not. */
  network(networkId: string): DriverNetwork | undefined;
  /** All that are made whole. */
  networks(): readonly DriverNetwork[];
  endpoint(endpointId: string): BridgeEndpoint | undefined;
  /** Those of one network. */
  endpoints(networkId: string): readonly BridgeEndpoint[];
}

export interface BridgeEndpoint {
  readonly endpointId: string;
  readonly addresses: EndpointAddresses;
  readonly ports: readonly PublishedPort[];
  /** Whether its ports have been published. */
  readonly asked: { readonly external: boolean };
}

type Published = Omit<BridgeEndpoint, "asked">;

export interface BridgeFiltersOptions {
  readonly records: BridgeRecords;
  readonly logger: Logger;
  /** Put before every program. */
  readonly prefix: readonly string[];
}

const families = [4, 6] as const;

/** What bridges need of packet filters, in both families as far as the host has them. */
export class BridgeFilters {
  readonly #records: BridgeRecords;
  readonly #filters: Readonly<Record<4 | 6, PacketFilter>>;
  /** Endpoints whose rules have been taken away, though their records may not say so yet. */
  readonly #unpublished = new Set<string>();

  constructor({ records, ...options }: BridgeFiltersOptions) {
    this.#records = records;
    this.#filters = {
      4: new PacketFilter({ ...options, family: 4 }),
      6: new PacketFilter({ ...options, family: 6 }),
    };
  }

  async requireUsable(): Promise<void> {
    const unusable = await this.#filters[4].unusable();
    if (unusable === undefined) return;
    throw new EngineError(
      "unavailable",
      `publish ports: iptables cannot be used on this host: ${unusable} (use --network host, or reach the container at its address)`,
    );
  }

  /** Keeps a network apart from others, and lets it out. */
  async separate(network: DriverNetwork, options: BridgeOptions): Promise<void> {
    for (const family of families) {
      const rules = rulesOfNetwork(family, network, options);
      if (rules.length === 0 || !(await this.#canUse(family))) continue;
      await this.#filters[family].replace(tagOf(network.networkId), rules);
    }
  }

  /** Leads an endpoint's ports to it: all of them, or none if that fails. */
  async publish(bridge: string, endpoint: Published): Promise<void> {
    try {
      for (const family of families) {
        const rules = rulesOfPorts(family, bridge, endpoint);
        if (rules.length === 0 || !(await this.#canUse(family))) continue;
        await this.#filters[family].replace(tagOf(endpoint.endpointId), rules);
      }
      this.#unpublished.delete(endpoint.endpointId);
    } catch (error) {
      await this.unpublish(endpoint.endpointId).catch(() => undefined);
      throw error;
    }
  }

  async unpublish(endpointId: string): Promise<void> {
    this.#unpublished.add(endpointId);
    await this.remove(endpointId);
  }

  /** An endpoint that is no more. */
  forget(endpointId: string): void {
    this.#unpublished.delete(endpointId);
  }

  /** Takes away what is there for a network or an endpoint. */
  async remove(id: string): Promise<void> {
    for (const family of families) {
      if (await this.#canUse(family)) await this.#filters[family].remove(tagOf(id));
    }
  }

  /** Brings back what another program has flushed of a network's rules and of those of its ports. */
  async mend(network: DriverNetwork, options: BridgeOptions): Promise<void> {
    for (const family of families) {
      const rules = rulesOfNetwork(family, network, options);
      if (rules.length === 0 || !(await this.#canUse(family))) continue;
      await this.#filters[family].mend(() => {
        const published = this.#records
          .endpoints(network.networkId)
          .filter(({ endpointId, asked }) => asked.external && !this.#unpublished.has(endpointId));
        return new Map([
          [tagOf(network.networkId), rules],
          ...published.map(
            (endpoint) => [tagOf(endpoint.endpointId), rulesOfPorts(family, options.name, endpoint)] as const,
          ),
        ]);
      });
    }
  }

  async #canUse(family: 4 | 6): Promise<boolean> {
    return (await this.#filters[family].unusable()) === undefined;
  }
}

function rulesOfNetwork(
  family: 4 | 6,
  { ipv4, ipv6 }: DriverNetwork,
  options: BridgeOptions,
): readonly FilterRule[] {
  const pools = family === 4 ? ipv4 : ipv6;
  return pools.length === 0
    ? []
    : networkRules(
        options,
        pools.map(({ pool }) => pool),
      );
}

function rulesOfPorts(
  family: 4 | 6,
  bridge: string,
  { addresses, ports }: Pick<BridgeEndpoint, "addresses" | "ports">,
): readonly FilterRule[] {
  const address = family === 4 ? addresses.address : addresses.addressIPv6;
  if (address === undefined) return [];
  const reached = ports.filter(
    ({ hostAddress }) => hostAddress === undefined || familyOf(hostAddress) === family,
  );
  return portRules(bridge, addressOnly(address), reached);
}

const tagOf = (id: string): string => `davit:${id.slice(0, 16)}`;
