import { EngineError, messageOf } from "../../core/errors.ts";
import { newId } from "../../core/identifiers.ts";
import {
  addressOnly,
  firstOf,
  formatAddress,
  formatCidr,
  networkOf,
  parseCidr,
} from "../../core/network/cidr.ts";
import type { DefaultIpam } from "../../core/network/default-ipam.ts";
import { type NetworkRecord, type PredefinedName } from "../../core/network/record.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";

export interface DefaultBridge {
  /** The interface's name; `none`: there is no default bridge. */
  readonly name: string;
  /** In CIDR notation: the subnet, or the bridge's own address in it. */
  readonly subnet: string;
}

/** The driver's name of each. */
const drivers: Record<PredefinedName, string> = { bridge: "bridge", host: "host", none: "null" };

/**
 * Puts the networks that are always there on record, and takes again what is on record of the addresses of networks and endpoints:
 * before anything else is done with them.
 */
export function loadNetworks(
  { state, logger }: { readonly state: State; readonly logger: Logger },
  ipam: DefaultIpam,
  bridge: DefaultBridge,
): void {
  state.transaction(() => {
    for (const name of ["none", "host"] as const) {
      if (find(state, name) === undefined) state.networks.put(predefined(name));
    }
    const known = find(state, "bridge");
    if (bridge.name === "none") {
      if (known !== undefined) state.networks.remove(known.id);
    } else state.networks.put({ ...(known ?? predefined("bridge")), ...bridgeParts(bridge) });
  });
  for (const network of state.networks.list()) {
    if (network.ipam.driver === "default") retake(network, ipam, logger);
  }
  for (const { networkId, leases } of state.endpoints.list()) {
    if (state.networks.get(networkId)?.ipam.driver !== "default") continue;
    for (const { poolId, address } of leases)
      attempt(logger, networkId, () => ipam.takeAddress(poolId, address));
  }
}

const find = (state: State, name: PredefinedName): NetworkRecord | undefined =>
  state.networks.list().find((network) => network.name === name);

const predefined = (name: PredefinedName): NetworkRecord => ({
  id: newId(),
  name,
  createdAt: new Date().toISOString(),
  driver: drivers[name],
  scope: "local",
  enableIPv4: true,
  enableIPv6: false,
  internal: false,
  attachable: false,
  ipam: { driver: "default", options: {}, config: [] },
  options: {},
  labels: {},
  pools: [],
  pending: undefined,
});

/** As it is set up now. */
function bridgeParts({ name, subnet }: DefaultBridge): Pick<NetworkRecord, "ipam" | "options" | "pools"> {
  const given = parseCidr(subnet);
  if (given === undefined || given.prefixLength > 30) {
    throw new EngineError("invalid", `--bip ${subnet}: not a subnet in CIDR notation`);
  }
  const network = networkOf(given);
  const isOwnGiven = given.value !== network.value;
  const own = isOwnGiven ? given : { ...given, value: firstOf(network) + 1n };
  const pool = formatCidr(network);
  return {
    ipam: {
      driver: "default",
      options: {},
      config: [
        { subnet: pool, ipRange: "", gateway: isOwnGiven ? formatAddress(own) : "", auxAddresses: {} },
      ],
    },
    options: {
      "com.docker.network.bridge.default_bridge": "true",
      "com.docker.network.bridge.enable_icc": "true",
      "com.docker.network.bridge.enable_ip_masquerade": "true",
      "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
      "com.docker.network.bridge.name": name,
      "com.docker.network.driver.mtu": "1500",
    },
    pools: [
      {
        poolId: `LocalDefault/${pool}`,
        ipv6: false,
        addressSpace: "LocalDefault",
        pool,
        subPool: "",
        gateway: formatCidr(own),
        auxAddresses: {},
        leases: [addressOnly(formatCidr(own))],
      },
    ],
  };
}

function retake({ id, pools }: NetworkRecord, ipam: DefaultIpam, logger: Logger): void {
  for (const { pool, subPool, poolId, leases } of pools) {
    attempt(logger, id, () => {
      ipam.takePool(pool, subPool);
      for (const lease of leases) ipam.takeAddress(poolId, lease);
    });
  }
}

/** One network's trouble is not to keep the engine from starting. */
function attempt(logger: Logger, network: string, take: () => void): void {
  try {
    take();
  } catch (error) {
    logger.warn({ network, reason: messageOf(error) }, "addresses on record could not be taken again");
  }
}
