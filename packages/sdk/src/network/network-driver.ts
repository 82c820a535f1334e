import type { Awaitable } from "../awaitable.ts";
import type { Call } from "../rpc/rpc-method.ts";

/**
 * `local`: a network exists on the host where it was created. `global`: it is one for a whole cluster, whose manager creates it; an engine
 * without a cluster makes no such networks.
 */
export type NetworkScope = "local" | "global";

export interface NetworkRequest {
  /** 64 hex digits, chosen by the engine. */
  readonly networkId: string;
}

/** A pool of addresses that the network has from its IPAM driver; addresses in CIDR notation. */
export interface NetworkPool {
  readonly addressSpace: string;
  readonly pool: string;
  /** With the pool's prefix length; absent if the network has none. */
  readonly gateway?: string;
  /** `--aux-address name=address`: what the engine must not give to containers. */
  readonly auxAddresses: Readonly<Record<string, string>>;
}

export interface CreateNetworkRequest extends NetworkRequest {
  /** What the user gave: `--opt key=value`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** `--internal`: nothing beyond the network is to be reached. */
  readonly internal: boolean;
  /** `--ipv6`. */
  readonly ipv6: boolean;
  readonly ipv4Pools: readonly NetworkPool[];
  readonly ipv6Pools: readonly NetworkPool[];
  /** All that the engine says, under its own keys: `com.docker.network.generic` holds `options`. */
  readonly engineOptions: Readonly<Record<string, unknown>>;
}

export interface EndpointRequest extends NetworkRequest {
  /** 64 hex digits, new for each time a container joins the network. */
  readonly endpointId: string;
}

/** Addresses in CIDR notation, hardware addresses with colons. */
export interface ChosenAddresses {
  readonly address?: string;
  readonly addressIPv6?: string;
  readonly macAddress?: string;
}

export interface PortsRequest extends EndpointRequest {
  /** What the user gave by `--driver-opt`, and what the engine says under its own keys; see `publishedPorts` and `exposedPorts`. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface CreateEndpointRequest extends PortsRequest {
  /** What the IPAM driver or the user has chosen; the rest is open. */
  readonly given: ChosenAddresses;
}

export interface JoinRequest extends PortsRequest {
  /** Path of the container's network namespace as the engine sees it; a driver need not touch it. */
  readonly sandboxKey: string;
}

export interface StaticRoute {
  /** In CIDR notation. */
  readonly destination: string;
  /** Absent for what is reached on the interface itself. */
  readonly nextHop?: string;
}

export interface JoinAnswer {
  /**
   * The engine moves `source`, an interface in the host's network namespace, into the container, names it `prefix` and the first free
   * number, gives it the endpoint's addresses and brings it up. Absent: the container gets no interface.
   */
  readonly interface?: { readonly source: string; readonly prefix: string };
  /** Without a prefix length; absent for none. */
  readonly gateway?: string;
  readonly gatewayIPv6?: string;
  readonly staticRoutes?: readonly StaticRoute[];
  /** Keeps the engine from giving the container a second way out, where it would otherwise. */
  readonly disableGatewayService?: boolean;
}

export interface AllocateNetworkRequest extends NetworkRequest {
  readonly options: Readonly<Record<string, string>>;
  readonly ipv4Pools: readonly NetworkPool[];
  readonly ipv6Pools: readonly NetworkPool[];
}

export interface GatewayCheck {
  readonly skipIPv4: boolean;
  readonly skipIPv6: boolean;
}

/** A node of a cluster that came or went. */
export interface NodeNotice {
  readonly address: string;
  readonly bindAddress: string;
  readonly isSelf: boolean;
}

/**
 * What a network plugin does. Every method may throw: the message reaches the user (`NetworkDriver.Join: <message>`), so say what is wrong
 * in lower case. Whoever throws leaves nothing behind; the engine undoes a step only if its answer was lost or of no use.
 *
 * A container starts with `createEndpoint`, `join`, `programExternalConnectivity`, and ends with `revokeExternalConnectivity`, `leave`,
 * `deleteEndpoint`; between a crash of the engine and its next start several ends may come late. Calls overlap, and one that failed in
 * transit may come again: each must be safe to repeat, and the ends of what is not there are no errors. The plugin keeps its state itself:
 * networks are told once, not again after a restart of the plugin or the engine.
 */
export interface NetworkDriver {
  /** Default: `local`. */
  readonly scope?: NetworkScope;
  /** How far containers on the network reach each other. Default: as `scope`. */
  readonly connectivityScope?: NetworkScope;

  /** `docker network create`. */
  createNetwork(request: CreateNetworkRequest, call: Call): Awaitable<void>;

  /** `docker network rm`; asked while the network has no endpoints. */
  deleteNetwork(request: NetworkRequest, call: Call): Awaitable<void>;

  /**
   * A container is about to join. Answers the addresses that it has chosen of those that are open; nothing if it has chosen none. An address that
   * was given and comes out as another fails the start, and `deleteEndpoint` follows.
   */
  createEndpoint(request: CreateEndpointRequest, call: Call): Awaitable<ChosenAddresses | undefined>;

  deleteEndpoint(request: EndpointRequest, call: Call): Awaitable<void>;

  /** What helps an operator to understand an endpoint. Default: nothing. */
  endpointInfo?(request: EndpointRequest, call: Call): Awaitable<Readonly<Record<string, unknown>>>;

  /** The container's network namespace is there: say which interface it gets, and its routes. */
  join(request: JoinRequest, call: Call): Awaitable<JoinAnswer>;

  /** The container has left. Its interface is back in the host's namespace, or gone with the container's. */
  leave(request: EndpointRequest, call: Call): Awaitable<void>;

  /** The container reaches the outside by this endpoint: make its published ports (`publishedPorts`) work. */
  programExternalConnectivity?(request: PortsRequest, call: Call): Awaitable<void>;

  revokeExternalConnectivity?(request: EndpointRequest, call: Call): Awaitable<void>;

  /** Since Docker 28, before gateways are allocated: whether the network needs none. */
  checkGateway?(
    request: { readonly options: Readonly<Record<string, unknown>> },
    call: Call,
  ): Awaitable<GatewayCheck>;

  /** On a cluster's manager: reserves what a global network needs; what it answers is told to every node's `createNetwork` as `options`. */
  allocateNetwork?(request: AllocateNetworkRequest, call: Call): Awaitable<Readonly<Record<string, string>>>;

  /** On a cluster's manager: the end of `allocateNetwork`. */
  freeNetwork?(request: NetworkRequest, call: Call): Awaitable<void>;

  nodeCame?(notice: NodeNotice, call: Call): Awaitable<void>;

  nodeWent?(notice: NodeNotice, call: Call): Awaitable<void>;
}
