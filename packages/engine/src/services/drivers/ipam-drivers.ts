import type { IpamDriver } from "../../core/ports/ipam-driver.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginEndpoints } from "../endpoints/plugin-endpoint.ts";
import { DriverCatalog } from "./driver-catalog.ts";
import { PluginIpamDriver } from "./plugin-ipam-driver.ts";

export type IpamDrivers = DriverCatalog<IpamDriver>;

/** Every driver of addresses: those given, and the plugins'. */
export const createIpamDrivers = (options: {
  readonly builtIn: readonly IpamDriver[];
  readonly endpoints: PluginEndpoints;
  /** What the host has routes to, in CIDR notation. */
  readonly routes: () => Promise<readonly string[]>;
  readonly logger: Logger;
}): IpamDrivers =>
  new DriverCatalog<IpamDriver>({
    builtIn: options.builtIn,
    endpoints: options.endpoints,
    capability: "ipamdriver",
    adapt: (endpoint) => new PluginIpamDriver({ endpoint, routes: options.routes, logger: options.logger }),
  });
