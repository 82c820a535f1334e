import type { EndpointRecord, NetworkRecord } from "./record.ts";

/** An endpoint of a sandbox with its network. */
export interface PlacedEndpoint {
  readonly endpoint: EndpointRecord;
  readonly network: Pick<NetworkRecord, "name" | "internal">;
}

export interface ChosenGateways {
  readonly ipv4: PlacedEndpoint | undefined;
  readonly ipv6: PlacedEndpoint | undefined;
}

/**
 * The endpoints whose gateways lead out of a sandbox: of the highest priority, then of those that have a gateway for both families, then
 * by their networks' names.
 */
export function chooseGateways(endpoints: readonly PlacedEndpoint[]): ChosenGateways {
  const leadsOut = endpoints.filter(({ network }) => !network.internal).toSorted(better);
  return {
    ipv4: leadsOut.find(({ endpoint }) => endpoint.gateway !== ""),
    ipv6: leadsOut.find(({ endpoint }) => endpoint.gatewayIPv6 !== ""),
  };
}

const better = (one: PlacedEndpoint, other: PlacedEndpoint): number =>
  other.endpoint.gatewayPriority - one.endpoint.gatewayPriority ||
  Number(hasBoth(other)) - Number(hasBoth(one)) ||
  (one.network.name < other.network.name ? -1 : 1);

const hasBoth = ({ endpoint }: PlacedEndpoint): boolean =>
  endpoint.gateway !== "" && endpoint.gatewayIPv6 !== "";

/** The endpoint through which ports are published: the one that leads out, of IPv4 where there is one. */
export const externalEndpoint = (chosen: ChosenGateways): PlacedEndpoint | undefined =>
  chosen.ipv4 ?? chosen.ipv6;

/** The first name of `eth0`, `eth1`, ... that no interface has. */
export function freeInterfaceName(prefix: string, taken: readonly string[]): string {
  for (let index = 0; ; index += 1) {
    const name = `${prefix}${index}`;
    if (!taken.includes(name)) return name;
  }
}
