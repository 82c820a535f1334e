import type { PublishedPort } from "../ports/network.ts";
import type { EndpointAddresses } from "../ports/network-driver.ts";

/** As the user gave it; empty text for what was left open. */
export interface IpamConfig {
  readonly subnet: string;
  readonly ipRange: string;
  readonly gateway: string;
  readonly auxAddresses: Readonly<Record<string, string>>;
}

/** A pool of addresses that a network has from its IPAM driver. */
export interface NetworkPoolRecord {
  readonly poolId: string;
  readonly ipv6: boolean;
  readonly addressSpace: string;
  /** In CIDR notation. */
  readonly pool: string;
  readonly subPool: string;
  /** In CIDR notation; empty for none. */
  readonly gateway: string;
  readonly auxAddresses: Readonly<Record<string, string>>;
  /** What was taken from the pool for the network itself, without prefix lengths. */
  readonly leases: readonly string[];
}

export interface NetworkRecord {
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** As the driver is called: `bridge`, or a plugin's full name. */
  readonly driver: string;
  readonly scope: "local" | "global";
  readonly enableIPv4: boolean;
  readonly enableIPv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly ipam: {
    readonly driver: string;
    readonly options: Readonly<Record<string, string>>;
    readonly config: readonly IpamConfig[];
  };
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly pools: readonly NetworkPoolRecord[];
  /** What an engine that is gone by now may have asked of the drivers without hearing the answer. */
  readonly pending: "create" | "remove" | undefined;
}

/** An address that an endpoint has from its network's IPAM driver. */
export interface AddressLease {
  readonly poolId: string;
  /** Without the prefix length. */
  readonly address: string;
}

/**
 * A container's place on a network, from before its driver is first asked for anything until it has let go of everything. `asked`
 * names what the driver has been asked to do, whatever it answered.
 */
export interface EndpointRecord {
  /** 64 hex digits. */
  readonly endpointId: string;
  readonly networkId: string;
  /** Or a plugin's. */
  readonly containerId: string;
  readonly sandboxKey: string;
  readonly asked: { readonly create: boolean; readonly join: boolean; readonly external: boolean };
  readonly leases: readonly AddressLease[];
  readonly addresses: EndpointAddresses;
  /** In the sandbox; empty for none. */
  readonly interfaceName: string;
  /** What the interface is called on the host, if the engine has moved it and has to give it back. */
  readonly movedFrom: string;
  /** Without prefix length; empty for none. */
  readonly gateway: string;
  readonly gatewayIPv6: string;
  readonly gatewayPriority: number;
  readonly ports: readonly PublishedPort[];
}

/** What a container asks of one of its networks. */
export interface ContainerNetwork {
  /** As it was typed, until the network has been found; then its name. */
  readonly name: string;
  /** Empty until the network has been found. */
  readonly networkId: string;
  readonly aliases: readonly string[];
  /** Empty for any. */
  readonly ipv4Address: string;
  readonly ipv6Address: string;
  readonly linkLocalIps: readonly string[];
  readonly macAddress: string;
  readonly driverOpts: Readonly<Record<string, string>>;
  readonly gatewayPriority: number;
  readonly links: readonly string[];
  /** Whether there was an `IPAMConfig` at all, which inspect gives back. */
  readonly hasIpamConfig: boolean;
}

/** Names that mean one network each, which is always there. */
export const predefinedNames = ["bridge", "host", "none"] as const;
export type PredefinedName = (typeof predefinedNames)[number];

export const isPredefined = (name: string): name is PredefinedName =>
  predefinedNames.some((predefined) => predefined === name);

/** A network of which an endpoint is nominal: no driver has a part in it. */
export const isNominal = ({ driver }: Pick<NetworkRecord, "driver">): boolean =>
  driver === "host" || driver === "null";
