import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PluginServer, servePlugin } from "../serve-plugin.ts";
import { PluginClient } from "../testing/plugin-client.ts";
import type { NetworkDriver } from "./network-driver.ts";
import { exposedPorts, publishedPorts } from "./ports.ts";

const quiet = { debug: () => undefined, info: () => undefined, error: () => undefined };
let dir: string;
let client: PluginClient;
let plugin: PluginServer | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sdk-"));
  client = new PluginClient(join(dir, "p.sock"));
});
afterEach(async () => {
  client.close();
  await plugin?.stop();
  plugin = undefined;
  await rm(dir, { recursive: true });
});

/** A driver that does nothing but what is said, and what it was asked. */
async function serve(over: Partial<NetworkDriver> = {}) {
  const asked: unknown[] = [];
  const keep = (name: string) => (request: object) => {
    asked.push([name, request]);
  };
  const networkDriver: NetworkDriver = {
    createNetwork: keep("createNetwork"),
    deleteNetwork: keep("deleteNetwork"),
    createEndpoint: (request) => {
      asked.push(["createEndpoint", request]);
      return undefined;
    },
    deleteEndpoint: keep("deleteEndpoint"),
    join: (request) => {
      asked.push(["join", request]);
      return {};
    },
    leave: keep("leave"),
    ...over,
  };
  plugin = await servePlugin({ networkDriver }, { socket: join(dir, "p.sock"), logger: quiet });
  return asked;
}

async function ask(method: string, body?: object) {
  const answer = await client.call(method, body === undefined ? "" : `${JSON.stringify(body)}\n`);
  return { status: answer.status, body: answer.status === 200 ? JSON.parse(answer.body) : answer.body };
}
const answerTo = async (method: string, body?: object): Promise<unknown> =>
  (await ask(`NetworkDriver.${method}`, body)).body;

const ids = { NetworkID: "n", EndpointID: "e" };

it("a driver says what it is and how far it reaches", async () => {
  await serve();
  expect((await ask("Plugin.Activate")).body).toEqual({ Implements: ["NetworkDriver"] });
  expect(await answerTo("GetCapabilities")).toEqual({
    Scope: "local",
    ConnectivityScope: "local",
    GwAllocChecker: false,
  });
});

it("a driver of a cluster says so", async () => {
  await serve({ scope: "global", checkGateway: () => ({ skipIPv4: true, skipIPv6: false }) });
  expect(await answerTo("GetCapabilities")).toEqual({
    Scope: "global",
    ConnectivityScope: "global",
    GwAllocChecker: true,
  });
  expect(await answerTo("GwAllocCheck", { Options: null })).toEqual({ SkipIPv4: true, SkipIPv6: false });
});

it("a network comes with the user's options, its flags and its pools", async () => {
  const asked = await serve();
  const options = {
    "com.docker.network.enable_ipv6": true,
    "com.docker.network.internal": true,
    "com.docker.network.generic": { colour: "blue" },
  };
  await answerTo("CreateNetwork", {
    NetworkID: "n",
    Options: options,
    IPv4Data: [{ AddressSpace: "L", Pool: "10.0.0.0/24", Gateway: "10.0.0.1/24" }],
    IPv6Data: [{ AddressSpace: "L", Pool: "fd00::/64", AuxAddresses: { a: "fd00::5/64" } }],
  });
  await answerTo("CreateNetwork", { NetworkID: "plain", Options: null, IPv4Data: null, IPv6Data: null });
  expect(asked).toEqual([
    [
      "createNetwork",
      {
        networkId: "n",
        options: { colour: "blue" },
        internal: true,
        ipv6: true,
        ipv4Pools: [{ addressSpace: "L", pool: "10.0.0.0/24", gateway: "10.0.0.1/24", auxAddresses: {} }],
        ipv6Pools: [{ addressSpace: "L", pool: "fd00::/64", auxAddresses: { a: "fd00::5/64" } }],
        engineOptions: options,
      },
    ],
    [
      "createNetwork",
      {
        networkId: "plain",
        options: {},
        internal: false,
        ipv6: false,
        ipv4Pools: [],
        ipv6Pools: [],
        engineOptions: {},
      },
    ],
  ]);
});

describe("an endpoint", () => {
  it("comes with what is given, and goes back with what was chosen", async () => {
    const asked: unknown[] = [];
    await serve({
      createEndpoint: (request) => {
        asked.push(request);
        return { address: "10.0.0.2/24", macAddress: "02:42:0a:00:00:02" };
      },
    });
    const wire = { Address: "10.0.0.2/24", AddressIPv6: "", MacAddress: "" };
    const answer = await answerTo("CreateEndpoint", { ...ids, Interface: wire, Options: { a: "b" } });
    expect(asked).toEqual([
      { networkId: "n", endpointId: "e", given: { address: "10.0.0.2/24" }, options: { a: "b" } },
    ]);
    // The address is as it was: to repeat it would count as a change.
    expect(answer).toEqual({ Interface: { Address: "", AddressIPv6: "", MacAddress: "02:42:0a:00:00:02" } });
  });

  it("with nothing given is one with everything open", async () => {
    const asked = await serve();
    const answer = await answerTo("CreateEndpoint", { ...ids, Interface: null, Options: null });
    expect(asked).toEqual([["createEndpoint", { networkId: "n", endpointId: "e", given: {}, options: {} }]]);
    expect(answer).toEqual({ Interface: { Address: "", AddressIPv6: "", MacAddress: "" } });
  });

  it("joins with an interface, a gateway and routes of both types", async () => {
    await serve({
      join: () => ({
        interface: { source: "veth1", prefix: "eth" },
        gateway: "10.0.0.1",
        staticRoutes: [{ destination: "10.1.0.0/16", nextHop: "10.0.0.9" }, { destination: "10.2.0.0/16" }],
        disableGatewayService: true,
      }),
    });
    expect(await answerTo("Join", { ...ids, SandboxKey: "/s", Options: {} })).toEqual({
      InterfaceName: { SrcName: "veth1", DstPrefix: "eth" },
      Gateway: "10.0.0.1",
      GatewayIPv6: "",
      StaticRoutes: [
        { Destination: "10.1.0.0/16", RouteType: 0, NextHop: "10.0.0.9" },
        { Destination: "10.2.0.0/16", RouteType: 1, NextHop: "" },
      ],
      DisableGatewayService: true,
    });
  });

  it("may join without any", async () => {
    await serve();
    expect(await answerTo("Join", { ...ids, SandboxKey: "/s", Options: {} })).toEqual({
      Gateway: "",
      GatewayIPv6: "",
      StaticRoutes: [],
      DisableGatewayService: false,
    });
  });

  it("has ports in its options", async () => {
    const options = {
      "com.docker.network.endpoint.exposedports": [{ Proto: 6, Port: 80 }],
      "com.docker.network.portmap": [
        { Proto: 17, IP: "", Port: 53, HostIP: "127.0.0.1", HostPort: 5300, HostPortEnd: 5300 },
      ],
    };
    expect(exposedPorts(options)).toEqual([{ protocol: "tcp", port: 80 }]);
    expect(publishedPorts(options)).toEqual([
      { protocol: "udp", port: 53, hostIp: "127.0.0.1", hostPort: 5300, hostPortEnd: 5300 },
    ]);
    expect([exposedPorts({}), publishedPorts({ "com.docker.network.portmap": null })]).toEqual([[], []]);
  });
});

it("what a driver need not have is answered all the same", async () => {
  const asked = await serve();
  const empty = ["ProgramExternalConnectivity", "RevokeExternalConnectivity", "FreeNetwork"];
  for (const method of empty) expect(await answerTo(method, ids)).toEqual({});
  expect(await answerTo("EndpointOperInfo", ids)).toEqual({ Value: {} });
  expect(await answerTo("AllocateNetwork", { NetworkID: "n" })).toEqual({ Options: {} });
  const node = { DiscoveryType: 1, DiscoveryData: { Address: "10.0.0.1", Self: true } };
  expect(await answerTo("DiscoverNew", node)).toEqual({});
  expect(await answerTo("DiscoverDelete", node)).toEqual({});
  expect(asked).toEqual([]);
});

it("what it has is asked", async () => {
  const asked: unknown[] = [];
  const keep = (request: object) => {
    asked.push(request);
  };
  await serve({
    endpointInfo: () => ({ vlan: 7 }),
    programExternalConnectivity: keep,
    revokeExternalConnectivity: keep,
    allocateNetwork: () => ({ vni: "4097" }),
    freeNetwork: keep,
    nodeCame: keep,
    nodeWent: keep,
  });
  expect(await answerTo("EndpointOperInfo", ids)).toEqual({ Value: { vlan: 7 } });
  await answerTo("ProgramExternalConnectivity", { ...ids, Options: { a: 1 } });
  await answerTo("RevokeExternalConnectivity", ids);
  expect(await answerTo("AllocateNetwork", { NetworkID: "n" })).toEqual({ Options: { vni: "4097" } });
  await answerTo("FreeNetwork", { NetworkID: "n" });
  await answerTo("DiscoverNew", { DiscoveryType: 1, DiscoveryData: { Address: "10.0.0.1", Self: true } });
  await answerTo("DiscoverDelete", { DiscoveryType: 1, DiscoveryData: null });
  expect(asked).toEqual([
    { networkId: "n", endpointId: "e", options: { a: 1 } },
    { networkId: "n", endpointId: "e" },
    { networkId: "n" },
    { address: "10.0.0.1", bindAddress: "", isSelf: true },
    { address: "", bindAddress: "", isSelf: false },
  ]);
});

it("what a driver throws is told with status 500", async () => {
  await serve({
    leave: () => {
      throw new Error("cable cut");
    },
  });
  const answer = await ask("NetworkDriver.Leave", ids);
  expect(answer).toEqual({ status: 500, body: '{"Err":"cable cut"}' });
});

it.each([
  ["CreateNetwork", {}, "NetworkID: "],
  ["CreateNetwork", { NetworkID: "n", Options: [] }, "Options: "],
  ["CreateEndpoint", { NetworkID: "n" }, "EndpointID: "],
  ["CreateEndpoint", { ...ids, Interface: { Address: 1 } }, "Interface.Address: "],
  ["Join", ids, "SandboxKey: "],
])("a request of %s with %j reaches no driver", async (method, body, reason) => {
  const asked = await serve();
  const answer = await ask(`NetworkDriver.${method}`, body);
  expect(answer.status).toBe(400);
  expect(answer.body).toContain(`bad request: ${reason}`);
  expect(asked).toEqual([]);
});
