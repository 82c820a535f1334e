import { type PluginAnswer, type PluginServer, pluginError } from "@davit/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { PluginRefusal } from "../core/errors.ts";
import { createIpamDrivers } from "../services/drivers/ipam-drivers.ts";
import { PluginIpamDriver } from "../services/drivers/plugin-ipam-driver.ts";
import { quietLogger, type ServedPlugin, servePluginOf, told } from "./plugin-driver-fixture.ts";

/** What the host reaches already. */
const hostRoutes = ["10.8.0.0/16", "10.7.3.0/24"];
let plugin: ServedPlugin | undefined;
afterEach(async () => {
  await plugin?.[Symbol.asyncDispose]();
  plugin = undefined;
});

/** A driver of a plugin that has these methods only, besides the releases. */
async function driverAnswering(
  answers: Readonly<Record<string, PluginAnswer>>,
  timeoutMs = 0,
): Promise<{ readonly driver: PluginIpamDriver; readonly server: PluginServer }> {
  const all = { ReleasePool: () => ({}), ReleaseAddress: () => ({}), ...answers };
  const named = Object.entries(all).map(([method, answer]) => [`IpamDriver.${method}`, answer] as const);
  plugin = await servePluginOf("ipamdriver", Object.fromEntries(named), timeoutMs);
  const { server, endpoint } = plugin;
  const routes = () => Promise.resolve(hostRoutes);
  return { driver: new PluginIpamDriver({ endpoint, routes, logger: quietLogger }), server };
}

const wanted = { addressSpace: "L", pool: "", subPool: "", options: {}, ipv6: false };
const anyAddress = { poolId: "p1", address: "", options: {} };

it("tells the plugin what is asked, releases by the address alone, and takes its answers", async () => {
  const { driver, server } = await driverAnswering({
    GetDefaultAddressSpaces: () => ({ LocalDefaultAddressSpace: "L", GlobalDefaultAddressSpace: "G" }),
    RequestPool: () => ({
      PoolID: "p1",
      Pool: "10.9.0.0/16",
      Data: { "com.docker.network.gateway": "10.9.0.1/16" },
    }),
    RequestAddress: () => ({ address: "10.9.0.2/16", data: null }),
  });
  expect(await driver.defaultAddressSpaces()).toEqual({ local: "L", global: "G" });
  expect(await driver.requestPool({ ...wanted, pool: "10.9.0.0/16", options: { a: "b" } })).toEqual({
    poolId: "p1",
    pool: "10.9.0.0/16",
    data: { "com.docker.network.gateway": "10.9.0.1/16" },
  });
  const options = { RequestAddressType: "com.docker.network.gateway" };
  expect(await driver.requestAddress({ ...anyAddress, options })).toEqual({
    address: "10.9.0.2/16",
    data: {},
  });
  await driver.requestAddress({ ...anyAddress, address: "10.9.0.3" });
  await driver.releaseAddress("p1", "10.9.0.2/16");
  await driver.releasePool("p1");
  expect(told(server)).toEqual([
    "GetDefaultAddressSpaces",
    'RequestPool {"AddressSpace":"L","Pool":"10.9.0.0/16","SubPool":"","Options":{"a":"b"},"V6":false}',
    'RequestAddress {"PoolID":"p1","Address":"","Options":{"RequestAddressType":"com.docker.network.gateway"}}',
    'RequestAddress {"PoolID":"p1","Address":"10.9.0.3","Options":null}',
    'ReleaseAddress {"PoolID":"p1","Address":"10.9.0.2"}',
    'ReleasePool {"PoolID":"p1"}',
  ]);
});

describe("capabilities", () => {
  it("are asked once", async () => {
    const { driver, server } = await driverAnswering({
      GetCapabilities: () => ({ RequiresMACAddress: true, requiresrequestreplay: true }),
    });
    const capabilities = { requiresMacAddress: true, requiresRequestReplay: true };
    expect(await driver.capabilities()).toEqual(capabilities);
    expect(await driver.capabilities()).toEqual(capabilities);
    expect(server.calls).toHaveLength(1);
  });

  it.each([
    ["that is not there", undefined],
    ["that fails", () => pluginError("no")],
    ["with an error", () => ({ Error: "no", RequiresMACAddress: true })],
    ["of another type", () => ({ RequiresMACAddress: "yes" })],
  ])("are none with a method %s", async (_what, answer) => {
    const { driver } = await driverAnswering(answer === undefined ? {} : { GetCapabilities: answer });
    expect(await driver.capabilities()).toEqual({ requiresMacAddress: false, requiresRequestReplay: false });
  });

  it("of a plugin that nobody serves are unknown", async () => {
    const { driver, server } = await driverAnswering({});
    await server.stop();
    await expect(driver.capabilities()).rejects.toMatchObject({ kind: "unavailable" });
  });
});

it("an error that the plugin answers is in the field Error, not in Err", async () => {
  const { driver, server } = await driverAnswering({
    RequestPool: () => ({ Error: "pool exhausted" }),
    RequestAddress: () => ({ Err: "not read", Address: "10.9.0.2/16" }),
  });
  const failure = driver.requestPool(wanted);
  await expect(failure).rejects.toThrow("remote: pool exhausted");
  await expect(failure).rejects.toBeInstanceOf(PluginRefusal);
  await expect(driver.requestAddress(anyAddress)).resolves.toMatchObject({ address: "10.9.0.2/16" });
  expect(told(server)).toHaveLength(2);
});

it.each([
  [{ PoolID: "p1", Pool: "10.9.0.0" }, "invalid CIDR address: 10.9.0.0"],
  [{ PoolID: "p1" }, "invalid CIDR address: "],
  [{ PoolID: "p1", Pool: "fd00::/64" }, "invalid CIDR address: fd00::/64"],
  [
    { PoolID: "p1", Pool: "10.9.0.0/16", Data: { "com.docker.network.gateway": "10.9.0.1" } },
    "failed to parse gateway address (10.9.0.1) returned by ipam driver",
  ],
])("a pool of %j is refused and given back", async (answer, reason) => {
  const { driver, server } = await driverAnswering({ RequestPool: () => answer });
  await expect(driver.requestPool(wanted)).rejects.toThrow(reason);
  expect(told(server).slice(1)).toEqual(['ReleasePool {"PoolID":"p1"}']);
});

describe("a pool of the driver's choice that the host has a route to", () => {
  it("is given back once another was found", async () => {
    const pools = ["10.8.1.0/24", "10.7.0.0/16", "10.6.0.0/16"].values();
    const { driver, server } = await driverAnswering({
      RequestPool: () => {
        const Pool = pools.next().value;
        return { PoolID: `p-${String(Pool)}`, Pool };
      },
    });
    expect(await driver.requestPool(wanted)).toMatchObject({ pool: "10.6.0.0/16" });
    expect(told(server).slice(3)).toEqual([
      'ReleasePool {"PoolID":"p-10.8.1.0/24"}',
      'ReleasePool {"PoolID":"p-10.7.0.0/16"}',
    ]);
  });

  it("is refused if the driver has no other", async () => {
    const { driver, server } = await driverAnswering({
      RequestPool: () => ({ PoolID: "p1", Pool: "10.8.1.0/24" }),
    });
    await expect(driver.requestPool(wanted)).rejects.toThrow(
      "pool 10.8.1.0/24 overlaps with 10.8.0.0/16, which the host has a route to",
    );
    expect(told(server).slice(2)).toEqual(['ReleasePool {"PoolID":"p1"}']);
  });

  it("is taken if it was asked for, or is everything", async () => {
    const { driver } = await driverAnswering({
      RequestPool: (body) => ({
        PoolID: "p1",
        Pool: /10\.8/.test(JSON.stringify(body)) ? "10.8.1.0/24" : "0.0.0.0/0",
      }),
    });
    const asked = await driver.requestPool({ ...wanted, pool: "10.8.1.0/24" });
    expect(asked).toMatchObject({ pool: "10.8.1.0/24" });
    expect(await driver.requestPool(wanted)).toMatchObject({ pool: "0.0.0.0/0" });
  });
});

it("a pool for IPv6 must be one", async () => {
  const { driver } = await driverAnswering({ RequestPool: () => ({ PoolID: "p6", Pool: "fd00::/64" }) });
  await expect(driver.requestPool({ ...wanted, ipv6: true })).resolves.toMatchObject({ pool: "fd00::/64" });
});

it.each([
  [{}, "no address returned"],
  [{ Address: "" }, "no address returned"],
  [{ Address: "10.9.0.2" }, "invalid CIDR address: 10.9.0.2"],
  [{ Address: 7 }, "IpamDriver.RequestAddress: undecodable answer: Address: "],
  ["{", "IpamDriver.RequestAddress: undecodable answer: "],
])("an answer of %j is no address", async (answer, reason) => {
  const { driver } = await driverAnswering({ RequestAddress: () => answer });
  await expect(driver.requestAddress(anyAddress)).rejects.toThrow(reason);
});

it("a late answer is not waited for, nor is one whose caller has gone", async () => {
  const never: PluginAnswer = () => new Promise(() => undefined);
  const { driver, server } = await driverAnswering({ RequestPool: never, RequestAddress: never }, 200);
  await expect(driver.requestPool(wanted)).rejects.toThrow("no answer within 0.2 s");
  const caller = new AbortController();
  const outcome = driver
    .requestAddress(anyAddress, { signal: caller.signal })
    .catch((error: unknown) => error);
  const { hungUp } = await server.nextCall("IpamDriver.RequestAddress");
  caller.abort();
  expect(await outcome).toMatchObject({ kind: "canceled" });
  await hungUp;
});

it("a catalog has the plugin's driver besides the built-in ones", async () => {
  const { driver } = await driverAnswering({});
  if (plugin === undefined) throw new Error("no plugin");
  const own = Object.assign(driver, { name: "default" });
  const { endpoints } = plugin;
  const routes = () => Promise.resolve([]);
  const drivers = createIpamDrivers({ builtIn: [own], endpoints, routes, logger: quietLogger });
  expect(await drivers.get("default")).toBe(own);
  expect(await drivers.get("acme/net")).toMatchObject({ name: "acme/net:latest" });
});
