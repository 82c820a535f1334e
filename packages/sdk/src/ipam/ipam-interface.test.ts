import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { LogFields } from "../line-logger.ts";
import type { NetworkDriver } from "../network/network-driver.ts";
import type { PluginDrivers } from "../plugin-drivers.ts";
import { type PluginServer, servePlugin } from "../serve-plugin.ts";
import { MemoryVolumeDriver } from "../testing/memory-volume-driver.ts";
import { PluginClient } from "../testing/plugin-client.ts";
import type { IpamDriver } from "./ipam-driver.ts";

let dir: string;
let client: PluginClient;
let plugin: PluginServer | undefined;
let logged: [LogFields, string][];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sdk-"));
  client = new PluginClient(join(dir, "p.sock"));
  logged = [];
});
afterEach(async () => {
  client.close();
  await plugin?.stop();
  plugin = undefined;
  await rm(dir, { recursive: true });
});

async function serve(drivers: PluginDrivers): Promise<void> {
  const keep = (fields: LogFields, message: string) => void logged.push([fields, message]);
  const logger = { debug: keep, info: keep, error: keep };
  plugin = await servePlugin(drivers, { socket: join(dir, "p.sock"), logger });
}

async function ask(method: string, body?: object): Promise<{ status: number | undefined; body: unknown }> {
  const answer = await client.call(method, body === undefined ? "" : `${JSON.stringify(body)}\n`);
  return { status: answer.status, body: JSON.parse(answer.body) };
}
const answerTo = async (method: string, body?: object) => (await ask(`IpamDriver.${method}`, body)).body;

function driverThatKeeps(asked: unknown[], over: Partial<IpamDriver> = {}): IpamDriver {
  return {
    requestPool: (request) => {
      asked.push(request);
      return { poolId: "p", pool: request.pool ?? "10.9.0.0/16" };
    },
    releasePool: (request) => void asked.push(request),
    requestAddress: (request) => {
      asked.push(request);
      return { address: `${request.address ?? "10.9.0.2"}/16` };
    },
    releaseAddress: (request) => void asked.push(request),
    ...over,
  };
}

it("asks a driver for pools and addresses, what is open left out", async () => {
  const asked: unknown[] = [];
  await serve({ ipamDriver: driverThatKeeps(asked) });
  const open = { AddressSpace: "L", Pool: "", SubPool: "", Options: null, V6: false };
  expect(await answerTo("RequestPool", open)).toEqual({ PoolID: "p", Pool: "10.9.0.0/16", Data: {} });
  const chosen = { ...open, Pool: "fd00::/64", SubPool: "fd00::8000/113", Options: { a: "b" }, V6: true };
  await answerTo("RequestPool", chosen);
  expect(await answerTo("RequestAddress", { PoolID: "p", Address: "", Options: null })).toEqual({
    Address: "10.9.0.2/16",
    Data: {},
  });
  const gateway = { RequestAddressType: "com.docker.network.gateway" };
  await answerTo("RequestAddress", { PoolID: "p", Address: "10.9.0.1", Options: gateway });
  const mac = { "com.docker.network.endpoint.macaddress": "02:42:0a:09:00:03" };
  await answerTo("RequestAddress", { PoolID: "p", Address: "", Options: mac });
  expect(await answerTo("ReleaseAddress", { PoolID: "p", Address: "10.9.0.2" })).toEqual({});
  expect(await answerTo("ReleasePool", { PoolID: "p" })).toEqual({});
  expect(asked).toEqual([
    { addressSpace: "L", options: {}, ipv6: false },
    { addressSpace: "L", pool: "fd00::/64", subPool: "fd00::8000/113", options: { a: "b" }, ipv6: true },
    { poolId: "p", isGateway: false, options: {} },
    { poolId: "p", address: "10.9.0.1", isGateway: true, options: gateway },
    { poolId: "p", isGateway: false, macAddress: "02:42:0a:09:00:03", options: mac },
    { poolId: "p", address: "10.9.0.2" },
    { poolId: "p" },
  ]);
  expect(logged.map(([fields, message]) => [message, fields["pool"], fields["address"]])).toContainEqual([
    "IpamDriver.ReleaseAddress",
    "p",
    "10.9.0.2",
  ]);
});

it("tells what a driver requires and what its address spaces are called", async () => {
  await serve({ ipamDriver: driverThatKeeps([]) });
  expect(await answerTo("GetCapabilities")).toEqual({
    RequiresMACAddress: false,
    RequiresRequestReplay: false,
  });
  expect(await answerTo("GetDefaultAddressSpaces")).toEqual({
    LocalDefaultAddressSpace: "LocalDefault",
    GlobalDefaultAddressSpace: "GlobalDefault",
  });
});

it("tells what a driver says of them", async () => {
  await serve({
    ipamDriver: driverThatKeeps([], {
      requiresMacAddress: true,
      requiresRequestReplay: true,
      addressSpaces: { local: "here", global: "there" },
      requestPool: () => ({ poolId: "p", pool: "10.9.0.0/16", gateway: "10.9.0.254/16", data: { a: "b" } }),
    }),
  });
  expect(await answerTo("GetCapabilities")).toEqual({
    RequiresMACAddress: true,
    RequiresRequestReplay: true,
  });
  expect(await answerTo("GetDefaultAddressSpaces")).toEqual({
    LocalDefaultAddressSpace: "here",
    GlobalDefaultAddressSpace: "there",
  });
  expect(await answerTo("RequestPool", { AddressSpace: "here" })).toEqual({
    PoolID: "p",
    Pool: "10.9.0.0/16",
    Data: { a: "b", "com.docker.network.gateway": "10.9.0.254/16" },
  });
});

it("what a driver throws is told with status 500, which engines read wherever its text stands", async () => {
  await serve({
    ipamDriver: driverThatKeeps([], { releasePool: () => Promise.reject(new Error("in use")) }),
  });
  expect(await ask("IpamDriver.ReleasePool", { PoolID: "p" })).toEqual({
    status: 500,
    body: { Err: "in use" },
  });
});

it("serves drivers of several types on one socket", async () => {
  const networkDriver: NetworkDriver = {
    createNetwork: () => undefined,
    deleteNetwork: () => undefined,
    createEndpoint: () => undefined,
    deleteEndpoint: () => undefined,
    join: () => ({}),
    leave: () => undefined,
  };
  await serve({
    volumeDriver: new MemoryVolumeDriver(),
    networkDriver,
    ipamDriver: driverThatKeeps([]),
  });
  expect((await ask("Plugin.Activate")).body).toEqual({
    Implements: ["VolumeDriver", "NetworkDriver", "IpamDriver"],
  });
  expect((await ask("VolumeDriver.List", {})).status).toBe(200);
  expect((await ask("NetworkDriver.DeleteNetwork", { NetworkID: "n" })).status).toBe(200);
  expect((await ask("IpamDriver.ReleasePool", { PoolID: "p" })).status).toBe(200);
});
