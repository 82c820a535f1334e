import type { DriverCall } from "./driver-call.ts";

export interface PoolRequest {
  readonly addressSpace: string;
  /** In CIDR notation; empty: the driver chooses. */
  readonly pool: string;
  /** Part of the pool that addresses are taken from; empty: all of it. */
  readonly subPool: string;
  readonly options: Readonly<Record<string, string>>;
  readonly ipv6: boolean;
}

export interface AddressPool {
  readonly poolId: string;
  /** In CIDR notation. */
  readonly pool: string;
  readonly data: Readonly<Record<string, string>>;
}

export interface AddressRequest {
  readonly poolId: string;
  /** Without a prefix length; empty: the driver chooses. */
  readonly address: string;
  readonly options: Readonly<Record<string, string>>;
}

/** One driver of addresses, ours (`default`, `null`) or a plugin's. */
export interface IpamDriver {
  readonly name: string;
  capabilities(call?: DriverCall): Promise<{
    readonly requiresMacAddress: boolean;
    readonly requiresRequestReplay: boolean;
  }>;
  defaultAddressSpaces(call?: DriverCall): Promise<{ readonly local: string; readonly global: string }>;
  requestPool(request: PoolRequest, call?: DriverCall): Promise<AddressPool>;
  releasePool(poolId: string, call?: DriverCall): Promise<void>;
  /** The address is in CIDR notation. */
  requestAddress(
    request: AddressRequest,
    call?: DriverCall,
  ): Promise<{ readonly address: string; readonly data: Readonly<Record<string, string>> }>;
  releaseAddress(poolId: string, address: string, call?: DriverCall): Promise<void>;
}
