import { BridgeDriver } from "../adapters/network/bridge-driver.ts";
import { hostRoutes } from "../adapters/network/host-routes.ts";
import type { EventPublisher } from "../core/events.ts";
import { type AddressPools, addressPools, dockerPools } from "../core/network/address-pools.ts";
import { DefaultIpam, nullIpam } from "../core/network/default-ipam.ts";
import { createIpamDrivers } from "../services/drivers/ipam-drivers.ts";
import { createNetworkDrivers } from "../services/drivers/network-drivers.ts";
import type { PluginEndpoints } from "../services/endpoints/plugin-endpoint.ts";
import { driverNetwork } from "../services/networks/driver-network.ts";
import { networkServices } from "../services/networks/network-services.ts";
import { loadNetworks } from "../services/networks/predefined-networks.ts";
import type { Adapters } from "./adapters.ts";
import type { Configuration } from "./configuration/configuration.ts";

/** Networks with the drivers that there are. */
export function createNetworks(
  adapters: Adapters,
  options: {
    readonly events: EventPublisher;
    readonly settings: { readonly current: Configuration };
    /** There only once the plugins' services are made, which themselves need networks. */
    readonly endpoints: () => PluginEndpoints;
  },
) {
  const { state, logger } = adapters;
  const bridge = new BridgeDriver({
    records: {
      network: (id) => {
        const record = state.networks.get(id);
        return record === undefined ? undefined : driverNetwork(record);
      },
      endpoint: (id) => state.endpoints.get(id),
      endpoints: (id) => state.endpoints.ofNetwork(id),
      networks: () =>
        state.networks
          .list()
          .flatMap((record) =>
            record.driver === "bridge" && record.pending !== "create" ? [driverNetwork(record)] : [],
          ),
    },
    logger,
  });
  const endpoints: PluginEndpoints = {
    canonicalName: (typed) => options.endpoints().canonicalName(typed),
    get: (...wanted) => options.endpoints().get(...wanted),
    waitFor: (...wanted) => options.endpoints().waitFor(...wanted),
    names: (...wanted) => options.endpoints().names(...wanted),
  };
  const { bridgeName, bridgeSubnet, defaultAddressPools } = options.settings.current;
  const ipam = new DefaultIpam({
    pools: poolsOf(defaultAddressPools.map(addressPools)),
    routes: hostRoutes,
    uniqueLocalPrefix,
  });
  loadNetworks(adapters, ipam, { name: bridgeName, subnet: bridgeSubnet });
  return networkServices({
    ...adapters,
    drivers: createNetworkDrivers({ builtIn: [bridge], endpoints, logger }),
    ipamDrivers: createIpamDrivers({ builtIn: [ipam, nullIpam], endpoints, routes: hostRoutes, logger }),
    events: options.events,
  });
}

/** A family for which none are set has those that are always there. */
const poolsOf = (given: readonly AddressPools[]): readonly AddressPools[] =>
  given.some(({ base }) => base.family === 4) ? given : [...given, ...dockerPools];

/** RFC 4193: `fd`, 40 random bits, and the first of their subnets. */
function uniqueLocalPrefix() {
  const random = crypto.getRandomValues(new Uint8Array(5));
  const globalId = random.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  return { family: 6 as const, value: (0xfdn << 120n) | (globalId << 80n), prefixLength: 64 };
}
