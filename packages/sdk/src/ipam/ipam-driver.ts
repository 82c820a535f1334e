import type { Awaitable } from "../awaitable.ts";
import type { Call } from "../rpc/rpc-method.ts";

/** Names of the driver's own choice for two sets of pools that do not know each other. */
export interface AddressSpaces {
  /** For networks of this host. */
  readonly local: string;
  /** For networks of a cluster. */
  readonly global: string;
}

export interface PoolRequest {
  readonly addressSpace: string;
  /** `--subnet`, in CIDR notation; absent: the driver chooses. */
  readonly pool?: string;
  /** `--ip-range`: the part of the pool that addresses are to come from. */
  readonly subPool?: string;
  /** `--ipam-opt key=value`. */
  readonly options: Readonly<Record<string, string>>;
  readonly ipv6: boolean;
}

export interface GivenPool {
  /** What the driver will know the pool by; not empty. */
  readonly poolId: string;
  /** In CIDR notation. */
  readonly pool: string;
  /** An address in CIDR notation that the driver has set aside as the gateway; absent: the engine asks for one. */
  readonly gateway?: string;
  /** Told to the network's driver and to operators. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface PoolRelease {
  readonly poolId: string;
}

export interface AddressRequest extends PoolRelease {
  /** `--ip`, `--gateway` or `--aux-address`, without a prefix length; absent: the driver chooses. */
  readonly address?: string;
  readonly isGateway: boolean;
  /** Given if the driver requires it. */
  readonly macAddress?: string;
  /** All that the engine says, under its own keys. */
  readonly options: Readonly<Record<string, string>>;
}

export interface GivenAddress {
  /** With the pool's prefix length, in CIDR notation. */
  readonly address: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface AddressRelease extends PoolRelease {
  /** Without a prefix length. */
  readonly address: string;
}

/**
 * What an IPAM plugin does. Every method may throw: the message reaches the user (`IpamDriver.RequestPool: <message>`). Calls overlap and may come
 * again: two calls for one address without a release between them must not both succeed. The plugin keeps its state itself.
 */
export interface IpamDriver {
  /** Has the engine tell the hardware address with each request for a container's address. Default: false. */
  readonly requiresMacAddress?: boolean;
  /** Has the engine ask again for every pool and address in use when it starts. Default: false. */
  readonly requiresRequestReplay?: boolean;
  /** Default: `LocalDefault` and `GlobalDefault`. */
  readonly addressSpaces?: AddressSpaces;

  /** `docker network create`, once for each family. */
  requestPool(request: PoolRequest, call: Call): Awaitable<GivenPool>;

  /** `docker network rm`; every address of the pool has been released. */
  releasePool(request: PoolRelease, call: Call): Awaitable<void>;

  /** An address for a gateway, something else on the network, or a container. */
  requestAddress(request: AddressRequest, call: Call): Awaitable<GivenAddress>;

  releaseAddress(request: AddressRelease, call: Call): Awaitable<void>;
}
