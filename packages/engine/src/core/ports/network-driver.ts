import type { DriverCall } from "./driver-call.ts";

/** A pool of addresses that a network has from its IPAM driver. Addresses are in CIDR notation. */
export interface NetworkPool {
  readonly addressSpace: string;
  readonly pool: string;
  /** With the pool's prefix length; absent if the network has none. */
  readonly gateway?: string | undefined;
  readonly auxAddresses?: Readonly<Record<string, string>> | undefined;
}

/** A network as its driver is told of it. */
export interface DriverNetwork {
  readonly networkId: string;
  /** Free-form JSON: `com.docker.network.generic` holds what the user gave with `--opt`. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly ipv4: readonly NetworkPool[];
  readonly ipv6: readonly NetworkPool[];
}

export interface EndpointIds {
  readonly networkId: string;
  /** 64 hex digits, new for each time a container joins. */
  readonly endpointId: string;
}

/** What an endpoint is called by; addresses in CIDR notation, absent where they are still open. */
export interface EndpointAddresses {
  readonly address?: string | undefined;
  readonly addressIPv6?: string | undefined;
  /** With colons. */
  readonly macAddress?: string | undefined;
}

export interface DriverEndpoint extends EndpointIds {
  readonly addresses: EndpointAddresses;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface DriverJoin extends EndpointIds {
  /** Path of the network namespace's file. */
  readonly sandboxKey: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** What the interface is to be called where the driver itself puts it in place. */
  readonly interfaceName: string;
  /** What the endpoint came out with. */
  readonly addresses: EndpointAddresses;
}

export interface StaticRoute {
  /** In CIDR notation. */
  readonly destination: string;
  /** Absent for what is reached without a hop. */
  readonly nextHop?: string | undefined;
}

export interface JoinInfo {
  /**
   * `move`: the engine moves the interface `source` of the host into the sandbox, names it `prefix` and the first free
   * number, gives it its addresses and brings it up. `placed`: the driver has done all that; `none`: there is no interface.
   */
  readonly interface:
    | { readonly kind: "move"; readonly source: string; readonly prefix: string }
    | { readonly kind: "placed"; readonly name: string }
    | { readonly kind: "none" };
  /** Without a prefix length; absent for none. */
  readonly gateway?: string | undefined;
  readonly gatewayIPv6?: string | undefined;
  readonly staticRoutes: readonly StaticRoute[];
  readonly disableGatewayService: boolean;
}

/**
 * One driver of networks, ours or a plugin's. The engine calls createNetwork; for each container createEndpoint, join,
 * programExternalConnectivity, and at its end revokeExternalConnectivity, leave, deleteEndpoint; then deleteNetwork. A step that
 * fails has been undone, unless it fails with an UnsettledStep.
 */
export interface NetworkDriver {
  readonly name: string;
  capabilities(call?: DriverCall): Promise<{
    readonly scope: "local" | "global";
    readonly connectivityScope: "local" | "global";
  }>;
  createNetwork(network: DriverNetwork, call?: DriverCall): Promise<void>;
  deleteNetwork(networkId: string, call?: DriverCall): Promise<void>;
  /** Answers what it has chosen of what was left open, and nothing else; a driver that changes what was given is refused and its endpoint deleted. */
  createEndpoint(endpoint: DriverEndpoint, call?: DriverCall): Promise<EndpointAddresses>;
  deleteEndpoint(ids: EndpointIds, call?: DriverCall): Promise<void>;
  /** What the driver tells of an endpoint for people. */
  endpointInfo(ids: EndpointIds, call?: DriverCall): Promise<Readonly<Record<string, unknown>>>;
  /** A driver whose answer cannot be used is told to leave again. */
  join(join: DriverJoin, call?: DriverCall): Promise<JoinInfo>;
  leave(ids: EndpointIds, call?: DriverCall): Promise<void>;
  programExternalConnectivity(
    ids: EndpointIds,
    options: Readonly<Record<string, unknown>>,
    call?: DriverCall,
  ): Promise<void>;
  revokeExternalConnectivity(ids: EndpointIds, call?: DriverCall): Promise<void>;
}
