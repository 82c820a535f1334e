import { busyboxRootfs, networkDriverAnswers } from "@davit/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { countsOf, NetworkPluginServers, type ServedDriver } from "./network-plugin-server.ts";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

const davitd = useDavitdInOwnNetwork();
const cleanup = new AsyncDisposableStack();
const servers = new NetworkPluginServers(davitd, cleanup);
let driver: ServedDriver;
/** For names of drivers that are used once. */
let faulty = 0;

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  driver = await servers.bySocket("tnet");
  for (const [name, subnet] of [
    ["deck", "10.81.0.0/24"],
    ["hold", "10.82.0.0/24"],
  ] as const)
    await davitd.engine.ok(["network", "create", "-d", "tnet", "--subnet", subnet, name]);
});
afterAll(() => cleanup.disposeAsync());
beforeEach(() => driver.server.forget());

const run = (name: string, ...options: readonly string[]) =>
  davitd.engine.ok(["run", "-d", "--name", name, ...options, "busybox", "sleep", "3600"]);
const sh = (name: string, script: string) => davitd.engine.ok(["exec", name, "sh", "-c", script]);
/** The interface that the test's driver has made for a container. */
const containerEnd = (body: unknown): string =>
  `tc${/"EndpointID":"(.{8})/.exec(JSON.stringify(body))?.[1] ?? ""}`;
const bodyOf = (method: string, server = driver.server) =>
  server.calls.find((call) => call.method === `NetworkDriver.${method}`)?.body;

test("a container has the address and the MAC that it asks for", async () => {
  const mac = "02:00:00:00:00:77";
  await run("fixed", "--network", `name=deck,ip=10.81.0.77,mac-address=${mac}`);
  expect(bodyOf("CreateEndpoint")).toMatchObject({
    Interface: { Address: "10.81.0.77/24", AddressIPv6: "", MacAddress: mac },
  });
  const addresses = await sh("fixed", "ip address show dev eth0");
  expect(addresses).toContain("inet 10.81.0.77/24");
  expect(addresses).toContain(`link/ether ${mac}`);
  const shown = "{{with .NetworkSettings.Networks.deck}}{{.IPAddress}} {{.MacAddress}} {{.Gateway}}{{end}}";
  expect(await davitd.engine.ok(["inspect", "--format", shown, "fixed"])).toBe(`10.81.0.77 ${mac} 10.81.0.1`);
  expect(await sh("fixed", "ip route")).toContain("default via 10.81.0.1 dev eth0");
  expect(await sh("fixed", "cat /etc/hosts")).toMatch(/^10\.81\.0\.77\t/m);
  await davitd.engine.ok(["rm", "-f", "fixed"]);
});

test("the driver sees the endpoint's options and the ports, once each", async () => {
  const { engine } = davitd;
  await run(
    "ports",
    "--network",
    "name=deck,driver-opt=shelf=top",
    "-p",
    "127.0.0.1:8099:80",
    "--expose",
    "53/udp",
  );
  const ports = {
    "com.docker.network.endpoint.exposedports": [
      { Proto: 6, Port: 80 },
      { Proto: 17, Port: 53 },
    ],
    "com.docker.network.portmap": [
      { Proto: 6, IP: "", Port: 80, HostIP: "127.0.0.1", HostPort: 8099, HostPortEnd: 8099 },
    ],
  };
  expect(bodyOf("CreateEndpoint")).toMatchObject({ Options: { ...ports, shelf: "top" } });
  expect(bodyOf("ProgramExternalConnectivity")).toMatchObject({ Options: ports });
  await engine.ok(["rm", "-f", "ports"]);
  const steps = ["CreateEndpoint", "Join", "ProgramExternalConnectivity"];
  const undone = ["RevokeExternalConnectivity", "Leave", "DeleteEndpoint"];
  expect(countsOf(driver.server, [...steps, ...undone])).toEqual([1, 1, 1, 1, 1, 1]);
  const order = driver.server.methods.filter((method) =>
    [...steps, ...undone].some((step) => method.endsWith(`.${step}`)),
  );
  expect(order).toEqual([...steps, ...undone].map((step) => `NetworkDriver.${step}`));
});

test("a container joins and leaves while it runs", async () => {
  const { engine } = davitd;
  await run("mover", "--network", "deck");
  await run("other", "--network", "hold", "--ip", "10.82.0.20");
  await engine.ok(["network", "connect", "--ip", "10.82.0.50", "--driver-opt", "do=1", "hold", "mover"]);
  expect(await sh("mover", "ip address show dev eth1")).toContain("inet 10.82.0.50/24");
  expect(await sh("mover", "ping -c 1 -W 5 10.82.0.20")).toContain("1 packets received");
  expect(await sh("other", "ping -c 1 -W 5 10.82.0.50")).toContain("1 packets received");
  expect(await sh("mover", "ip route")).toContain("default via 10.81.0.1 dev eth0");
  await engine.ok(["network", "disconnect", "deck", "mover"]);
  expect(await sh("mover", "ip route")).toContain("default via 10.82.0.1 dev eth1");
  expect(await sh("mover", "ip -o link")).not.toContain("eth0");
  await engine.ok(["network", "disconnect", "hold", "mover"]);
  expect((await sh("mover", "ip -o link")).split("\n")).toHaveLength(1);
  await engine.ok(["rm", "-f", "mover", "other"]);
  expect(countsOf(driver.server, ["CreateEndpoint", "Join", "Leave", "DeleteEndpoint"])).toEqual([
    3, 3, 3, 3,
  ]);
});

test("a driver's routes and gateway are the container's", async () => {
  const { engine } = davitd;
  const routed = await servers.bySocket("routed");
  await engine.ok(["network", "create", "-d", "routed", "--subnet", "10.83.0.0/24", "maze"]);
  routed.server.answer({
    "NetworkDriver.Join": (body) => ({
      InterfaceName: { SrcName: containerEnd(body), DstPrefix: "wan" },
      Gateway: "10.83.0.254",
      StaticRoutes: [
        { Destination: "10.90.0.0/16", RouteType: 0, NextHop: "10.83.0.9" },
        { Destination: "10.91.0.0/16", RouteType: 1 },
      ],
    }),
  });
  await run("lost", "--network", "maze");
  const routes = await sh("lost", "ip route");
  expect(routes).toContain("default via 10.83.0.254 dev wan0");
  expect(routes).toContain("10.90.0.0/16 via 10.83.0.9 dev wan0");
  expect(routes).toMatch(/10\.91\.0\.0\/16 dev wan0 +scope link/);
  await engine.ok(["rm", "-f", "lost"]);
  await engine.ok(["network", "rm", "maze"]);
});

test("a driver that brings no interface gives its container none", async () => {
  const { engine } = davitd;
  const bare = await servers.bySocket("bare", {
    "NetworkDriver.Join": () => ({ DisableGatewayService: true }),
  });
  await engine.ok(["network", "create", "-d", "bare", "--subnet", "10.84.0.0/24", "void"]);
  await run("alone", "--network", "void");
  expect((await sh("alone", "ip -o link")).split("\n")).toHaveLength(1);
  await engine.ok(["rm", "-f", "alone"]);
  await engine.ok(["network", "rm", "void"]);
  expect(countsOf(bare.server, ["Join", "Leave"])).toEqual([1, 1]);
});

test("a driver chooses what nobody has chosen", async () => {
  const { engine } = davitd;
  const chosen = { Address: "10.85.0.5/24", MacAddress: "02:00:00:00:00:55" };
  const really = networkDriverAnswers(engine.network)["NetworkDriver.CreateEndpoint"];
  const chooser = await servers.bySocket("chooser", {
    "NetworkDriver.CreateEndpoint": async (body, call) => {
      await really?.(body, call);
      return { Interface: chosen };
    },
    "NetworkDriver.Join": (body) => ({
      InterfaceName: { SrcName: containerEnd(body), DstPrefix: "eth" },
      DisableGatewayService: true,
    }),
  });
  await engine.ok(["network", "create", "-d", "chooser", "--ipam-driver", "null", "free"]);
  await run("given", "--network", "free");
  expect(bodyOf("CreateEndpoint", chooser.server)).toMatchObject({
    Interface: { Address: "", AddressIPv6: "", MacAddress: "" },
  });
  const addresses = await sh("given", "ip address show dev eth0");
  expect(addresses).toContain("inet 10.85.0.5/24");
  expect(addresses).toContain("link/ether 02:00:00:00:00:55");
  await engine.ok(["rm", "-f", "given"]);
  await engine.ok(["network", "rm", "free"]);
});

describe("an IPAM driver", () => {
  test("sets the gateway by itself, and is told the MAC if it requires it", async () => {
    const { engine } = davitd;
    const ipam = await servers.bySocket("ipam", {
      "IpamDriver.GetCapabilities": () => ({ RequiresMACAddress: true }),
      "IpamDriver.RequestPool": () => ({
        PoolID: "p",
        Pool: "10.86.0.0/24",
        Data: { "com.docker.network.gateway": "10.86.0.254/24" },
      }),
      "IpamDriver.RequestAddress": () => ({ Address: "10.86.0.5/24" }),
      "IpamDriver.ReleaseAddress": () => ({}),
      "IpamDriver.ReleasePool": () => ({}),
    });
    await engine.ok(["network", "create", "-d", "tnet", "--ipam-driver", "ipam", "pool"]);
    const gateway = "{{(index .IPAM.Config 0).Gateway}}";
    expect(await engine.ok(["network", "inspect", "--format", gateway, "pool"])).toBe("10.86.0.254");
    expect(countsOf(ipam.server, ["RequestPool", "RequestAddress"])).toEqual([1, 0]);
    await run("counted", "--network", "pool");
    const mac = /link\/ether (\S+)/.exec(await sh("counted", "ip link show dev eth0"))?.[1];
    expect(ipam.server.calls.find(({ method }) => method === "IpamDriver.RequestAddress")?.body).toEqual({
      PoolID: "p",
      Address: "",
      Options: { "com.docker.network.endpoint.macaddress": mac },
    });
    await engine.ok(["rm", "-f", "counted"]);
    await engine.ok(["network", "rm", "pool"]);
    expect(countsOf(ipam.server, ["ReleaseAddress", "ReleasePool"])).toEqual([1, 1]);
  });

  test.each([
    [{ "IpamDriver.RequestPool": () => ({ Error: "full" }) }, "remote: full"],
    [{ "IpamDriver.RequestPool": () => ({ PoolID: "p", Pool: "x" }) }, "invalid CIDR address: x"],
    [{ "IpamDriver.RequestAddress": () => ({}) }, "failed to allocate gateway (): no address returned"],
    [
      { "IpamDriver.GetDefaultAddressSpaces": () => "{" },
      "IpamDriver.GetDefaultAddressSpaces: undecodable answer",
    ],
  ])("that answers %j leaves no network", async (answers, reason) => {
    const { engine } = davitd;
    const name = `ipam${String(faulty++)}`;
    const ipam = await servers.bySocket(name, answers);
    const create = await engine.docker([
      "network",
      "create",
      "-d",
      "tnet",
      "--ipam-driver",
      name,
      "none-such",
    ]);
    expect(create.stderr).toContain(reason);
    expect(create.exitCode).toBe(1);
    expect(await engine.ok(["network", "ls", "-q", "--filter", "name=none-such"])).toBe("");
    const [pools = 0, released] = countsOf(ipam.server, ["RequestPool", "ReleasePool"]);
    const refused = "IpamDriver.RequestPool" in answers && reason.startsWith("remote");
    expect(released).toBe(refused ? 0 : pools);
    expect(bodyOf("CreateNetwork")).toBeUndefined();
  });
});

describe("what is refused", () => {
  const create = (...options: readonly string[]) =>
    davitd.engine.docker(["network", "create", ...options, "refused"]);

  test.each([
    [["-d", "nosuch"], 'plugin "nosuch" not found'],
    [["-d", "tnet", "--ipam-driver", "nosuch"], 'plugin "nosuch" not found'],
  ])("network create %j", async (options, reason) => {
    expect((await create(...options)).stderr).toContain(reason);
  });

  test.each([
    [{ Scope: "Local" }, "could not resolve driver"],
    [{}, "could not resolve driver"],
    [{ Scope: "global" }, "This node is not a swarm manager"],
  ])("a driver with the capabilities %j", async (capabilities, reason) => {
    const name = `odd${String(faulty++)}`;
    const odd = await servers.bySocket(name, { "NetworkDriver.GetCapabilities": () => capabilities });
    expect((await create("-d", name)).stderr).toContain(reason);
    expect(countsOf(odd.server, ["CreateNetwork"])).toEqual([0]);
  });

  test("a plugin that serves something else", async () => {
    await servers.bySocket("volumes", { "Plugin.Activate": () => ({ Implements: ["VolumeDriver"] }) });
    expect((await create("-d", "volumes")).stderr).toContain(
      "Plugin does not implement the requested driver",
    );
    expect((await create("-d", "tnet", "--ipam-driver", "volumes")).stderr).toContain(
      "Plugin does not implement the requested driver",
    );
  });
});
