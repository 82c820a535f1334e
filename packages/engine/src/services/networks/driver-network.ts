import type { NetworkRecord } from "../../core/network/record.ts";
import type { DriverNetwork, NetworkPool } from "../../core/ports/network-driver.ts";

/** A network as its driver is told of it. */
export function driverNetwork(record: NetworkRecord): DriverNetwork {
  const pools = (ipv6: boolean): readonly NetworkPool[] =>
    record.pools
      .filter((pool) => pool.ipv6 === ipv6)
      .map(({ addressSpace, pool, gateway, auxAddresses }) => ({
        addressSpace,
        pool,
        ...(gateway === "" ? {} : { gateway }),
        ...(Object.keys(auxAddresses).length === 0 ? {} : { auxAddresses }),
      }));
  return {
    networkId: record.id,
    options: {
      "com.docker.network.enable_ipv6": record.enableIPv6,
      ...(record.internal ? { "com.docker.network.internal": true } : {}),
      "com.docker.network.generic": record.options,
    },
    ipv4: pools(false),
    ipv6: pools(true),
  };
}
