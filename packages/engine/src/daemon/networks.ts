import { BridgeDriver } from "../adapters/network/bridge-driver.ts";
import { hostRoutes } from "../adapters/network/host-routes.ts";
import { EngineError } from "../core/errors.ts";
import type { EventPublisher } from "../core/events.ts";
import { DefaultIpam, dockerPools, nullIpam } from "../core/network/default-ipam.ts";
import type { IpamDriver } from "../core/ports/ipam-driver.ts";
import type { NetworkDriver } from "../core/ports/network-driver.ts";
import { driverNetwork } from "../services/networks/driver-network.ts";
import { networkServices } from "../services/networks/network-services.ts";
import { loadNetworks } from "../services/networks/predefined-networks.ts";
import type { Adapters } from "./adapters.ts";
import type { Configuration } from "./configuration/configuration.ts";

/** Networks with the drivers that there are. */
export function createNetworks(
  adapters: Adapters,
  options: { readonly events: EventPublisher; readonly settings: { readonly current: Configuration } },
) {
  const { state, logger } = adapters;
  const bridge = new BridgeDriver({
    records: {
      network: (id) => {
        const record = state.networks.get(id);
        return record === undefined ? undefined : driverNetwork(record);
      },
      endpoint: (id) => state.endpoints.get(id),
    },
    logger,
  });
  const ipam = new DefaultIpam({ pools: dockerPools, routes: hostRoutes, uniqueLocalPrefix });
  const { bridgeName, bridgeSubnet } = options.settings.current;
  loadNetworks(adapters, ipam, { name: bridgeName, subnet: bridgeSubnet });
  return networkServices({
    ...adapters,
    drivers: lookup<NetworkDriver>([bridge]),
    ipamDrivers: lookup<IpamDriver>([ipam, nullIpam]),
    events: options.events,
  });
}

const lookup = <Driver extends { readonly name: string }>(builtIn: readonly Driver[]) => ({
  get: (name: string): Promise<Driver> => {
    const driver = builtIn.find((candidate) => candidate.name === name);
    return driver === undefined
      ? Promise.reject(new EngineError("not-found", `plugin "${name}" not found`))
      : Promise.resolve(driver);
  },
});

/** RFC 4193: `fd`, 40 random bits, and the first of their subnets. */
function uniqueLocalPrefix() {
  const random = crypto.getRandomValues(new Uint8Array(5));
  const globalId = random.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  return { family: 6 as const, value: (0xfdn << 120n) | (globalId << 80n), prefixLength: 64 };
}
