import type { ContainerRecord } from "../container/record.ts";
import { hasProcess } from "../container/transitions.ts";
import { shortId } from "../identifiers.ts";
import { addressOnly, prefixLengthOf } from "./cidr.ts";
import { dnsNames } from "./container-network.ts";
import { type ContainerNetwork, type EndpointRecord, isPredefined } from "./record.ts";

/** One of a container's networks, and its place there while it runs. */
export interface NetworkOfContainer {
  readonly wanted: ContainerNetwork;
  /** Empty if there is no such network. */
  readonly networkId: string;
  readonly endpoint: EndpointRecord | undefined;
  /** Where the network has no driver. */
  readonly nominalEndpointId: string;
  /** Whether the network can let others reach its ports: of a plugin nobody knows, and an internal one lets nobody in. */
  readonly opensPorts: boolean;
}

type Owner = Pick<ContainerRecord, "id" | "name" | "config" | "status">;

/** `NetworkSettings.Networks`. */
export const networksView = (owner: Owner, networks: readonly NetworkOfContainer[]) =>
  Object.fromEntries(networks.map((network) => [network.wanted.name, networkView(owner, network)]));

/** The same in a list, which tells places only, as the Engine's does. */
export const networkPlaces = (owner: Owner, networks: readonly NetworkOfContainer[]) =>
  Object.fromEntries(
    Object.entries(networksView(owner, networks)).map(([name, view]) => [
      name,
      { ...view, Links: null, Aliases: null, DriverOpts: null, DNSNames: null },
    ]),
  );

function networkView(owner: Owner, { wanted, networkId, endpoint, nominalEndpointId }: NetworkOfContainer) {
  const hasNames = !isPredefined(wanted.name);
  return {
    IPAMConfig: ipamConfigView(wanted),
    Links: wanted.links.length === 0 ? null : [...wanted.links],
    Aliases: aliasesView(wanted, hasNames ? shortId(owner.id) : undefined),
    MacAddress: endpoint?.addresses.macAddress ?? (hasProcess(owner) ? "" : wanted.macAddress),
    DriverOpts: Object.keys(wanted.driverOpts).length === 0 ? null : { ...wanted.driverOpts },
    GwPriority: wanted.gatewayPriority,
    // Known from the first start on.
    NetworkID: owner.status === "created" ? "" : networkId,
    EndpointID: endpoint?.endpointId ?? (hasProcess(owner) ? nominalEndpointId : ""),
    ...endpointView(endpoint),
    DNSNames: hasNames ? [...dnsNames(owner, wanted)] : null,
  };
}

/** As clients before API 1.45 expect them: the short ID is one. */
const aliasesView = ({ aliases }: ContainerNetwork, short: string | undefined) => {
  const all = short === undefined ? aliases : [...aliases, short];
  return all.length === 0 ? null : [...all];
};

function ipamConfigView({ hasIpamConfig, ipv4Address, ipv6Address, linkLocalIps }: ContainerNetwork) {
  if (!hasIpamConfig) return null;
  return {
    ...(ipv4Address === "" ? {} : { IPv4Address: ipv4Address }),
    ...(ipv6Address === "" ? {} : { IPv6Address: ipv6Address }),
    ...(linkLocalIps.length === 0 ? {} : { LinkLocalIPs: [...linkLocalIps] }),
  };
}

const endpointView = (endpoint: EndpointRecord | undefined) => {
  const { address = "", addressIPv6 = "" } = endpoint?.addresses ?? {};
  return {
    Gateway: endpoint?.gateway ?? "",
    IPAddress: addressOnly(address),
    IPPrefixLen: prefixLengthOf(address),
    IPv6Gateway: endpoint?.gatewayIPv6 ?? "",
    GlobalIPv6Address: addressOnly(addressIPv6),
    GlobalIPv6PrefixLen: prefixLengthOf(addressIPv6),
  };
};

/** What is told at the top of `NetworkSettings`: the place on the default bridge. */
export function defaultBridgeView(networks: readonly NetworkOfContainer[]) {
  const endpoint = networks.find(({ wanted }) => wanted.name === "bridge")?.endpoint;
  return {
    EndpointID: endpoint?.endpointId ?? "",
    ...endpointView(endpoint),
    MacAddress: endpoint?.addresses.macAddress ?? "",
  };
}
