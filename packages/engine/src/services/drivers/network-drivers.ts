import type { Logger } from "../../core/ports/logger.ts";
import type { NetworkDriver } from "../../core/ports/network-driver.ts";
import type { PluginEndpoints } from "../endpoints/plugin-endpoint.ts";
import { DriverCatalog } from "./driver-catalog.ts";
import { PluginNetworkDriver } from "./plugin-network-driver.ts";

export type NetworkDrivers = DriverCatalog<NetworkDriver>;

/** Every driver of networks: those given, and the plugins'. */
export const createNetworkDrivers = (options: {
  readonly builtIn: readonly NetworkDriver[];
  readonly endpoints: PluginEndpoints;
  readonly logger: Logger;
}): NetworkDrivers =>
  new DriverCatalog<NetworkDriver>({
    builtIn: options.builtIn,
    endpoints: options.endpoints,
    capability: "networkdriver",
    adapt: (endpoint) => new PluginNetworkDriver({ endpoint, logger: options.logger }),
  });
