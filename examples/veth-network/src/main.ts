import { createLineLogger, servePlugin } from "@davit/sdk";
import { HostLinks } from "./host-links.ts";
import { openNetworkState } from "./network-state.ts";
import { parseSubnet } from "./subnet.ts";
import { SubnetIpamDriver } from "./subnet-ipam-driver.ts";
import { VethNetworkDriver } from "./veth-network-driver.ts";

/** Where a managed plugin keeps what outlives it: `propagatedMount` in config.json. */
const managedDir = "/var/lib/veth-network";

async function main(): Promise<void> {
  const {
    DEBUG,
    POOLS = "10.210.0.0/16",
    STATE_DIR = managedDir,
    SOCKET = "veth-network.sock",
  } = process.env;
  const logger = createLineLogger({ debug: DEBUG === "1" });
  const state = await openNetworkState(`${STATE_DIR}/state.json`);
  const networkDriver = new VethNetworkDriver({ state, links: new HostLinks() });
  await networkDriver.restore();
  const ipamDriver = new SubnetIpamDriver({ state, pools: parseSubnet(POOLS) });
  await servePlugin({ networkDriver, ipamDriver }, { socket: SOCKET, logger });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
