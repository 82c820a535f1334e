import { Readable } from "node:stream";
import { type PluginAnswer, PluginReply, type PluginServer, pluginError } from "@davit/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { PluginRefusal, UnsettledStep } from "../core/errors.ts";
import { createNetworkDrivers } from "../services/drivers/network-drivers.ts";
import { PluginNetworkDriver } from "../services/drivers/plugin-network-driver.ts";
import { quietLogger, type ServedPlugin, servePluginOf, told } from "./plugin-driver-fixture.ts";

let plugin: ServedPlugin | undefined;
afterEach(async () => {
  await plugin?.[Symbol.asyncDispose]();
  plugin = undefined;
});

type Method =
  | "GetCapabilities"
  | "CreateNetwork"
  | "DeleteNetwork"
  | "CreateEndpoint"
  | "EndpointOperInfo"
  | "DeleteEndpoint"
  | "Join"
  | "Leave"
  | "ProgramExternalConnectivity"
  | "RevokeExternalConnectivity";

/** A driver of a plugin that answers `{}` to everything unless told otherwise. */
async function driverAnswering(
  answers: { readonly [Key in Method]?: PluginAnswer } = {},
  { timeoutMs = 0, without = [] }: { readonly timeoutMs?: number; readonly without?: readonly Method[] } = {},
): Promise<{ readonly driver: PluginNetworkDriver; readonly server: PluginServer }> {
  const methods: readonly Method[] = [
    "CreateNetwork",
    "DeleteNetwork",
    "CreateEndpoint",
    "EndpointOperInfo",
    "DeleteEndpoint",
    "Join",
    "Leave",
    "ProgramExternalConnectivity",
    "RevokeExternalConnectivity",
  ];
  const plain = Object.fromEntries(methods.map((method) => [method, (): object => ({})]));
  const all = { ...plain, ...answers };
  const present = Object.entries(all).filter(([method]) => !without.some((gone) => gone === method));
  const named = Object.fromEntries(present.map(([method, answer]) => [`NetworkDriver.${method}`, answer]));
  plugin = await servePluginOf("networkdriver", named, timeoutMs);
  const { server, endpoint } = plugin;
  return { driver: new PluginNetworkDriver({ endpoint, logger: quietLogger }), server };
}

const ids = { networkId: "n1", endpointId: "e1" };
const wireIds = '{"NetworkID":"n1","EndpointID":"e1"}';
const network = { networkId: "n1", options: {}, ipv4: [], ipv6: [] };
const endpoint = { ...ids, addresses: {}, options: {} };
const join = { ...ids, sandboxKey: "/run/netns/x", options: {}, interfaceName: "eth0", addresses: {} };

/** Every step, as the engine calls it. */
const steps = {
  CreateNetwork: (driver: PluginNetworkDriver) => driver.createNetwork(network),
  DeleteNetwork: (driver: PluginNetworkDriver) => driver.deleteNetwork("n1"),
  CreateEndpoint: (driver: PluginNetworkDriver) => driver.createEndpoint(endpoint),
  EndpointOperInfo: (driver: PluginNetworkDriver) => driver.endpointInfo(ids),
  DeleteEndpoint: (driver: PluginNetworkDriver) => driver.deleteEndpoint(ids),
  Join: (driver: PluginNetworkDriver) => driver.join(join),
  Leave: (driver: PluginNetworkDriver) => driver.leave(ids),
  ProgramExternalConnectivity: (driver: PluginNetworkDriver) => driver.programExternalConnectivity(ids, {}),
  RevokeExternalConnectivity: (driver: PluginNetworkDriver) => driver.revokeExternalConnectivity(ids),
} as const;
type Step = keyof typeof steps;
const stepNames = Object.keys(steps).filter((name): name is Step => name in steps);
const undoneBy: { readonly [Name in Step]?: string } = {
  CreateNetwork: "DeleteNetwork",
  CreateEndpoint: "DeleteEndpoint",
  Join: "Leave",
  ProgramExternalConnectivity: "RevokeExternalConnectivity",
};
const methodsTold = (server: PluginServer) =>
  server.methods.map((name) => name.replace("NetworkDriver.", ""));

describe("what a plugin is told", () => {
  it("of a network: its options as they are, its pools without what is not set", async () => {
    const { driver, server } = await driverAnswering();
    await driver.createNetwork({
      networkId: "n1",
      options: {
        "com.docker.network.enable_ipv6": false,
        "com.docker.network.generic": { o1: "v1" },
      },
      ipv4: [
        { addressSpace: "L", pool: "10.99.0.0/24", gateway: "10.99.0.1/24" },
        { addressSpace: "L", pool: "10.98.0.0/24", auxAddresses: { router: "10.98.0.5/24" } },
      ],
      ipv6: [],
    });
    await driver.deleteNetwork("n1");
    expect(server.calls.map(({ body }) => body)).toEqual([
      {
        NetworkID: "n1",
        Options: {
          "com.docker.network.enable_ipv6": false,
          "com.docker.network.generic": { o1: "v1" },
        },
        IPv4Data: [
          { AddressSpace: "L", Gateway: "10.99.0.1/24", Pool: "10.99.0.0/24" },
          { AddressSpace: "L", Pool: "10.98.0.0/24", AuxAddresses: { router: "10.98.0.5/24" } },
        ],
        IPv6Data: [],
      },
      { NetworkID: "n1" },
    ]);
  });

  it("of an endpoint: empty texts for the addresses that are open", async () => {
    const { driver, server } = await driverAnswering({
      EndpointOperInfo: () => ({ value: { vlan: 7 } }),
      Join: () => ({ InterfaceName: { SrcName: "veth1", DstPrefix: "eth" } }),
    });
    await driver.createEndpoint({
      ...ids,
      addresses: { address: "10.99.0.2/24" },
      options: { "com.docker.network.endpoint.exposedports": [{ Proto: 6, Port: 80 }] },
    });
    await driver.join({ ...join, options: { a: 1 } });
    await driver.programExternalConnectivity(ids, { b: [] });
    expect(await driver.endpointInfo(ids)).toEqual({ vlan: 7 });
    await driver.revokeExternalConnectivity(ids);
    await driver.leave(ids);
    await driver.deleteEndpoint(ids);
    expect(told(server)).toEqual([
      'CreateEndpoint {"NetworkID":"n1","EndpointID":"e1","Interface":{"Address":"10.99.0.2/24","AddressIPv6":"","MacAddress":""},"Options":{"com.docker.network.endpoint.exposedports":[{"Proto":6,"Port":80}]}}',
      'Join {"NetworkID":"n1","EndpointID":"e1","SandboxKey":"/run/netns/x","Options":{"a":1}}',
      'ProgramExternalConnectivity {"NetworkID":"n1","EndpointID":"e1","Options":{"b":[]}}',
      `EndpointOperInfo ${wireIds}`,
      `RevokeExternalConnectivity ${wireIds}`,
      `Leave ${wireIds}`,
      `DeleteEndpoint ${wireIds}`,
    ]);
  });
});

describe("capabilities", () => {
  it.each([
    [{ Scope: "local" }, { scope: "local", connectivityScope: "local" }],
    [
      { scope: "global", connectivityscope: null },
      { scope: "global", connectivityScope: "global" },
    ],
    [
      { Scope: "local", ConnectivityScope: "global" },
      { scope: "local", connectivityScope: "global" },
    ],
  ])("of the answer %j are %j", async (answer, capabilities) => {
    const { driver, server } = await driverAnswering({ GetCapabilities: () => answer });
    expect(await driver.capabilities()).toEqual(capabilities);
    await driver.capabilities();
    expect(told(server)).toEqual(["GetCapabilities"]);
  });

  it.each([
    [{ Scope: "Local" }, "got Local"],
    [{}, "expecting 'local' or 'global', got "],
    [{ Scope: "local", ConnectivityScope: "world" }, "got world"],
  ])("of the answer %j are refused", async (answer, reason) => {
    const { driver } = await driverAnswering({ GetCapabilities: () => answer });
    const failure = driver.capabilities();
    await expect(failure).rejects.toThrow(
      "could not resolve driver acme/net:latest in registry: invalid capability: ",
    );
    await expect(failure).rejects.toThrow(reason);
  });

  it("are asked again after a failure", async () => {
    const { driver, server } = await driverAnswering({ GetCapabilities: () => pluginError("not yet") });
    await expect(driver.capabilities()).rejects.toThrow("NetworkDriver.GetCapabilities: not yet");
    server.answer({ "NetworkDriver.GetCapabilities": () => ({ Scope: "local" }) });
    expect(await driver.capabilities()).toMatchObject({ scope: "local" });
  });
});

describe("an error that the plugin answers", () => {
  it.each(stepNames)("to %s is told as its own word, and nothing else is asked", async (name) => {
    const { driver, server } = await driverAnswering({ [name]: () => ({ Err: "will not" }) });
    const failure = steps[name](driver);
    await expect(failure).rejects.toThrow("remote: will not");
    await expect(failure).rejects.toBeInstanceOf(PluginRefusal);
    expect(methodsTold(server)).toEqual([name]);
  });

  it.each(stepNames)("to %s by a status is told with the method", async (name) => {
    const { driver, server } = await driverAnswering({ [name]: () => pluginError("broken") });
    await expect(steps[name](driver)).rejects.toThrow(`NetworkDriver.${name}: broken`);
    expect(methodsTold(server)).toEqual([name]);
  });

  it.each(["ProgramExternalConnectivity", "RevokeExternalConnectivity"] as const)(
    "is none where the plugin has no %s",
    async (name) => {
      const { driver } = await driverAnswering({}, { without: [name] });
      await expect(steps[name](driver)).resolves.toBeUndefined();
    },
  );

  it("is one where the plugin lacks another method", async () => {
    const { driver } = await driverAnswering({}, { without: ["Leave"] });
    await expect(driver.leave(ids)).rejects.toThrow("NetworkDriver.Leave: 404 page not found");
  });
});

describe("an answer to CreateEndpoint", () => {
  it("fills what was open", async () => {
    const { driver } = await driverAnswering({
      CreateEndpoint: () => ({
        Interface: { Address: "10.1.0.9/16", AddressIPv6: "fd00::9/64", MacAddress: "02-42-AC-11-00-0A" },
      }),
    });
    expect(await driver.createEndpoint(endpoint)).toEqual({
      address: "10.1.0.9/16",
      addressIPv6: "fd00::9/64",
      macAddress: "02:42:ac:11:00:0a",
    });
  });

  it.each([{}, { Interface: null }, { interface: { Address: "" } }, { Interface: {} }])(
    "of %j leaves everything as it is",
    async (answer) => {
      const { driver } = await driverAnswering({ CreateEndpoint: () => answer });
      expect(await driver.createEndpoint(endpoint)).toEqual({});
    },
  );

  const given = { address: "10.1.0.2/16", addressIPv6: "fd00::2/64", macAddress: "02:42:00:00:00:02" };
  it.each([
    [
      { Address: "10.1.0.3/16" },
      "driver modified interface address: endpoint interface IP present (10.1.0.2/16)",
    ],
    [{ Address: "10.1.0.2/16" }, "Cannot be modified with (10.1.0.2/16)."],
    [{ AddressIPv6: "fd00::3/64" }, "driver modified interface address: "],
    [{ MacAddress: "02:42:00:00:00:03" }, "driver modified interface MAC address: "],
    [{ Address: "10.1.0.3" }, "invalid CIDR address: 10.1.0.3"],
    [{ Address: "fd00::3/64" }, "invalid CIDR address: fd00::3/64"],
    [{ AddressIPv6: "10.1.0.3/16" }, "invalid CIDR address: 10.1.0.3/16"],
    [{ Address: "10.1.0.3/33" }, "invalid CIDR address"],
    [{ MacAddress: "02:42" }, "address 02:42: invalid MAC address"],
  ])("of %j to an endpoint that has its addresses is refused and rolled back", async (chosen, reason) => {
    const { driver, server } = await driverAnswering({ CreateEndpoint: () => ({ Interface: chosen }) });
    const failure = driver.createEndpoint({ ...endpoint, addresses: given });
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow("; rolled back");
    expect(told(server).slice(1)).toEqual([`DeleteEndpoint ${wireIds}`]);
  });

  it("that cannot be rolled back says so", async () => {
    const { driver } = await driverAnswering({
      CreateEndpoint: () => ({ Interface: { Address: "10.1.0.3/16" } }),
      DeleteEndpoint: () => ({ Err: "busy" }),
    });
    await expect(driver.createEndpoint({ ...endpoint, addresses: given })).rejects.toThrow(
      /^driver modified interface address: .*; failed to roll back: remote: busy$/,
    );
  });
});

describe("an answer to Join", () => {
  it("says which interface is moved where, and what routes go through it", async () => {
    const { driver } = await driverAnswering({
      Join: () => ({
        InterfaceName: { SrcName: "vethX", DstName: "ignored", DstPrefix: "eth" },
        Gateway: "10.1.0.1",
        GatewayIPv6: "fd00::1",
        StaticRoutes: [
          { Destination: "10.2.0.0/16", RouteType: 0, NextHop: "10.1.0.254" },
          { Destination: "10.3.0.0/16", RouteType: 1, NextHop: "" },
        ],
        DisableGatewayService: true,
      }),
    });
    expect(await driver.join(join)).toEqual({
      interface: { kind: "move", source: "vethX", prefix: "eth" },
      gateway: "10.1.0.1",
      gatewayIPv6: "fd00::1",
      staticRoutes: [{ destination: "10.2.0.0/16", nextHop: "10.1.0.254" }, { destination: "10.3.0.0/16" }],
      disableGatewayService: true,
    });
  });

  it.each([
    {},
    { InterfaceName: null, StaticRoutes: null },
    { InterfaceName: { SrcName: "", DstPrefix: "eth" } },
  ])("of %j brings no interface", async (answer) => {
    const { driver } = await driverAnswering({ Join: () => answer });
    expect(await driver.join(join)).toEqual({
      interface: { kind: "none" },
      staticRoutes: [],
      disableGatewayService: false,
    });
  });

  it.each([
    [{ Gateway: "x" }, 'unable to parse Gateway "x"'],
    [{ Gateway: "10.0.0.1/24" }, 'unable to parse Gateway "10.0.0.1/24"'],
    [{ GatewayIPv6: "fe80::1%eth0" }, 'unable to parse GatewayIPv6 "fe80::1%eth0"'],
    [{ StaticRoutes: [{ Destination: "10.2.0.0", NextHop: "10.1.0.1" }] }, "invalid CIDR address: 10.2.0.0"],
    [{ StaticRoutes: [{ Destination: "10.2.0.0/16", NextHop: "x" }] }, "failed to parse nexthop IP x"],
    [{ StaticRoutes: [{ Destination: "10.2.0.0/16" }] }, "failed to parse nexthop IP "],
    [{ StaticRoutes: [{ Destination: "10.2.0.0/16", RouteType: 7 }] }, "has the unknown type 7"],
    [{ InterfaceName: { SrcName: "a/b", DstPrefix: "eth" } }, 'invalid interface name: "a/b"'],
    [{ InterfaceName: { SrcName: "x".repeat(16), DstPrefix: "eth" } }, "invalid interface name"],
    [{ InterfaceName: { SrcName: "veth1", DstPrefix: "interface-of-1" } }, "invalid interface prefix"],
  ])("of %j is refused and the plugin told to leave", async (answer, reason) => {
    const { driver, server } = await driverAnswering({ Join: () => answer });
    const failure = driver.join(join);
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow("; rolled back");
    expect(told(server).slice(1)).toEqual([`Leave ${wireIds}`]);
  });
});

const faults: readonly (readonly [string, PluginAnswer, string])[] = [
  ["is no JSON", () => "{", "undecodable answer"],
  ["is empty", () => "", "undecodable answer"],
  ["is a list", () => [], "undecodable answer: Invalid input: expected object, received array"],
  ["has an error of another type", () => ({ Err: 1 }), "undecodable answer: Err: "],
  ["is cut in half", () => new PluginReply(200, '{"Err":', { cutShort: true }), "Post "],
];

describe.each(faults)("an answer that %s", (_what, answer, reason) => {
  it.each(stepNames)("to %s fails, and is undone once where there is something to undo", async (name) => {
    const { driver, server } = await driverAnswering({ [name]: answer });
    await expect(steps[name](driver)).rejects.toThrow(reason);
    const undo = undoneBy[name];
    expect(methodsTold(server)).toEqual(undo === undefined ? [name] : [name, undo]);
  });
});

it.each(stepNames)("a late answer to %s is not waited for, and undone likewise", async (name) => {
  const never: PluginAnswer = () => new Promise(() => undefined);
  const { driver, server } = await driverAnswering({ [name]: never }, { timeoutMs: 100 });
  await expect(steps[name](driver)).rejects.toThrow("no answer within 0.1 s");
  const undo = undoneBy[name];
  expect(methodsTold(server)).toEqual(undo === undefined ? [name] : [name, undo]);
});

it("an answer of 100 MB is not read to its end", async () => {
  const { driver, server } = await driverAnswering({
    Join: () => Readable.from(Array(100).fill(Buffer.alloc(1024 * 1024, " "))),
  });
  await expect(driver.join(join)).rejects.toThrow("answer of more than 16777216 bytes");
  expect(methodsTold(server)).toEqual(["Join", "Leave"]);
});

it.each(["CreateNetwork", "CreateEndpoint", "Join"] as const)(
  "a caller that goes away during %s has it undone",
  async (name) => {
    const { driver, server } = await driverAnswering({ [name]: () => new Promise(() => undefined) });
    const caller = new AbortController();
    const call = { signal: caller.signal };
    const doing = {
      CreateNetwork: () => driver.createNetwork(network, call),
      CreateEndpoint: () => driver.createEndpoint(endpoint, call),
      Join: () => driver.join(join, call),
    }[name]();
    const outcome = doing.catch((error: unknown) => error);
    const { hungUp } = await server.nextCall(`NetworkDriver.${name}`);
    caller.abort();
    expect(await outcome).toMatchObject({ kind: "canceled" });
    await hungUp;
    expect(methodsTold(server)).toEqual([name, undoneBy[name]]);
  },
);

it("a step that cannot be undone either is left unsettled", async () => {
  const { driver, server } = await driverAnswering({
    CreateEndpoint: () => "{",
    Join: () => ({ Gateway: "x" }),
    DeleteEndpoint: () => "{",
    Leave: () => "{",
  });
  await expect(driver.createEndpoint(endpoint)).rejects.toBeInstanceOf(UnsettledStep);
  await expect(driver.join(join)).rejects.toBeInstanceOf(UnsettledStep);
  // Its own word is as good as any.
  server.answer({ "NetworkDriver.Leave": () => ({ Err: "no such endpoint" }) });
  const refused = driver.join(join);
  await expect(refused).rejects.toThrow("failed to roll back: remote: no such endpoint");
  await expect(refused).rejects.not.toBeInstanceOf(UnsettledStep);
});

it("a plugin that nobody serves is told nothing", async () => {
  const { driver, server } = await driverAnswering();
  await server.stop();
  await expect(driver.createEndpoint(endpoint)).rejects.toMatchObject({ kind: "unavailable" });
  expect(server.calls).toEqual([]);
});

describe("the catalog", () => {
  it("keeps one driver for each connection, and built-in ones under their names", async () => {
    const { driver: builtIn } = await driverAnswering({ GetCapabilities: () => ({ Scope: "local" }) });
    if (plugin === undefined) throw new Error("no plugin");
    const own = Object.assign(builtIn, { name: "bridge" });
    const drivers = createNetworkDrivers({
      builtIn: [own],
      endpoints: plugin.endpoints,
      logger: quietLogger,
    });
    expect(await drivers.get("bridge")).toBe(own);
    const driver = await drivers.get("acme/net");
    expect(driver.name).toBe("acme/net:latest");
    expect(await drivers.get("acme/net:latest")).toBe(driver);
    plugin.reconnect();
    expect(await drivers.get("acme/net")).not.toBe(driver);
    expect(await drivers.names()).toEqual(["bridge", "acme/net:latest"]);
    expect(["bridge", "acme/net", "other"].map((name) => drivers.canonicalName(name))).toEqual([
      "bridge",
      "acme/net:latest",
      "other",
    ]);
  });
});
