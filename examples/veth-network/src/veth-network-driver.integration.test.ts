import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OwnNetwork } from "@davit/testkit";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HostLinks } from "./host-links.ts";
import { openNetworkState } from "./network-state.ts";
import { VethNetworkDriver } from "./veth-network-driver.ts";

let dir: string;
let network: OwnNetwork;
let driver: VethNetworkDriver;

async function open(): Promise<VethNetworkDriver> {
  const [program = "", ...args] = network.enter;
  const links = new HostLinks([program, ...args, "ip"]);
  const opened = new VethNetworkDriver({ state: await openNetworkState(join(dir, "state.json")), links });
  await opened.restore();
  return opened;
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "veth-"));
  network = await OwnNetwork.create();
  driver = await open();
});
afterEach(async () => {
  await network[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const networkId = "0123456789abcdef";
const endpoint = { networkId, endpointId: "fedcba9876543210" };
const pool = { addressSpace: "veth-local", pool: "10.9.0.0/24", gateway: "10.9.0.1/24", auxAddresses: {} };
const pool6 = { addressSpace: "veth-local", pool: "fd00:9::/64", gateway: "fd00:9::1/64", auxAddresses: {} };
const plain = {
  networkId,
  options: {},
  internal: false,
  ipv6: true,
  ipv4Pools: [pool],
  ipv6Pools: [pool6],
  engineOptions: {},
};

it("makes a bridge with the gateway's addresses, a pair of interfaces, and takes both away", async () => {
  await driver.createNetwork(plain);
  expect(await network.run("ip", "address", "show", "dev", "vb-0123456789")).toMatch(
    /inet 10\.9\.0\.1\/24 .*inet6 fd00:9::1\/64/s,
  );
  expect(await driver.createEndpoint({ ...endpoint, given: {}, options: {} })).toEqual({
    macAddress: "02:fe:dc:ba:98:76",
  });
  expect(await network.run("ip", "link", "show", "dev", "vc-fedcba9876")).toContain("02:fe:dc:ba:98:76");
  expect(await network.run("ip", "link", "show", "master", "vb-0123456789")).toContain("vh-fedcba9876");
  expect(driver.join(endpoint)).toEqual({
    interface: { source: "vc-fedcba9876", prefix: "eth" },
    gateway: "10.9.0.1",
    gatewayIPv6: "fd00:9::1",
    disableGatewayService: true,
  });
  driver.leave();
  await driver.deleteEndpoint(endpoint);
  await driver.deleteNetwork({ networkId });
  expect(await network.interfaces()).toEqual([]);
});

it("takes every step again, and ends what is not there", async () => {
  for (const _ of [1, 2]) {
    await driver.createNetwork(plain);
    await driver.createEndpoint({ ...endpoint, given: { macAddress: "02:00:00:00:00:09" }, options: {} });
  }
  expect(await network.interfaces()).toHaveLength(3);
  for (const _ of [1, 2]) {
    await driver.deleteEndpoint(endpoint);
    await driver.deleteNetwork({ networkId });
  }
  expect(await network.interfaces()).toEqual([]);
});

it("makes bridges anew when it starts after a reboot, and leaves those that are there alone", async () => {
  await driver.createNetwork(plain);
  driver = await open();
  expect(driver.join(endpoint).gateway).toBe("10.9.0.1");
  await network[Symbol.asyncDispose]();
  network = await OwnNetwork.create();
  driver = await open();
  expect(await network.interfaces()).toEqual(["vb-0123456789"]);
  await driver.createEndpoint({ ...endpoint, given: {}, options: {} });
});

it("gives an internal network no gateway", async () => {
  await driver.createNetwork({ ...plain, internal: true });
  expect(await network.run("ip", "address", "show", "dev", "vb-0123456789")).not.toContain("inet 10.9.0.1");
  expect(driver.join(endpoint)).not.toHaveProperty("gateway");
});

it("refuses options, published ports, and endpoints of a network that is not there", async () => {
  await expect(driver.createNetwork({ ...plain, options: { mtu: "9000" } })).rejects.toThrow(
    'unknown option "mtu"',
  );
  await expect(driver.createEndpoint({ ...endpoint, given: {}, options: {} })).rejects.toThrow(
    `no such network: ${networkId}`,
  );
  await driver.createNetwork(plain);
  const published = {
    "com.docker.network.portmap": [{ Proto: 6, Port: 80, HostPort: 8080, HostPortEnd: 8080 }],
  };
  await expect(driver.createEndpoint({ ...endpoint, given: {}, options: published })).rejects.toThrow(
    "ports cannot be published on this network",
  );
  expect(await network.interfaces()).toEqual(["vb-0123456789"]);
});

it("leaves nothing of a step that fails in the middle", async () => {
  await driver.createNetwork(plain);
  await network.run("ip", "link", "delete", "vb-0123456789");
  await expect(driver.createEndpoint({ ...endpoint, given: {}, options: {} })).rejects.toThrow("ip link set");
  expect(await network.interfaces()).toEqual([]);
});

it("does not start on a state that it cannot read", async () => {
  await writeFile(join(dir, "state.json"), '{"version":2}');
  await expect(open()).rejects.toThrow("not a state of version 1");
});
