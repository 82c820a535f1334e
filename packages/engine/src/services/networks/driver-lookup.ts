import type { IpamDriver } from "../../core/ports/ipam-driver.ts";
import type { NetworkDriver } from "../../core/ports/network-driver.ts";

/** Every driver of one kind by name, ours and the plugins'. */
export interface DriverLookup<Driver> {
  /** The driver of that name, able to answer. */
  get(name: string, signal?: AbortSignal): Promise<Driver>;
  /** The same for requests that cannot go on without it: a plugin that is not there yet is waited for. */
  waitFor(name: string, signal?: AbortSignal): Promise<Driver>;
}

export type NetworkDriverLookup = DriverLookup<NetworkDriver>;
export type IpamDriverLookup = DriverLookup<IpamDriver>;
