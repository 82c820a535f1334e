import { busyboxRootfs, ipamDriverAnswers, runtimePid } from "@davit/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { countsOf, NetworkPluginServers, type ServedDriver } from "./network-plugin-server.ts";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

const davitd = useDavitdInOwnNetwork();
const cleanup = new AsyncDisposableStack();
const servers = new NetworkPluginServers(davitd, cleanup);
let driver: ServedDriver;

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  driver = await servers.bySocket("tnet");
});
afterAll(() => cleanup.disposeAsync());
beforeEach(async () => {
  await davitd.engine.ok(["network", "create", "-d", "tnet", "--ipam-driver", "tnet", "deck"]);
  driver.server.forget();
});
afterEach(async () => {
  await davitd.engine.docker(["rm", "-f", "bow", "stern"]);
  await davitd.engine.docker(["network", "rm", "deck"]);
  const left = (await davitd.engine.network.interfaces()).filter((name) => /^t[bhc]/.test(name));
  if (left.length > 0) throw new Error(`the driver has still ${left.join(" ")}`);
});

const run = (name: string) =>
  davitd.engine.ok(["run", "-d", "--name", name, "--network", "deck", "busybox", "sleep", "3600"]);
const addressOf = (name: string) =>
  davitd.engine.ok(["inspect", "--format", "{{.NetworkSettings.Networks.deck.IPAddress}}", name]);
const ping = async (from: string, to: string) =>
  davitd.engine.ok(["exec", from, "ping", "-c", "1", "-W", "5", to]);
const ends = ["RevokeExternalConnectivity", "Leave", "DeleteEndpoint", "ReleaseAddress"];

test("containers stay connected when the daemon is killed, and leave once afterwards", async () => {
  const { engine } = davitd;
  await run("bow");
  await run("stern");
  const bow = await addressOf("bow");
  driver.server.forget();
  await engine.kill();
  await engine.start();
  await ping("stern", bow);
  expect(await addressOf("bow")).toBe(bow);
  expect(countsOf(driver.server, ["CreateNetwork", "CreateEndpoint", "Join", ...ends])).toEqual([
    0, 0, 0, 0, 0, 0, 0,
  ]);
  await engine.ok(["rm", "-f", "bow", "stern"]);
  await engine.ok(["network", "rm", "deck"]);
  // The gateway's address is released too.
  expect(countsOf(driver.server, [...ends, "ReleasePool", "DeleteNetwork"])).toEqual([2, 2, 2, 3, 1, 1]);
});

test("a container that died while no daemon ran leaves once when the next one starts", async () => {
  const { engine } = davitd;
  await run("bow");
  const id = await engine.ok(["inspect", "--format", "{{.Id}}", "bow"]);
  const pid = await runtimePid(engine, "moby", id);
  driver.server.forget();
  await engine.kill();
  process.kill(pid, "SIGKILL");
  await engine.start();
  await driver.server.nextCall("IpamDriver.ReleaseAddress");
  expect(countsOf(driver.server, ends)).toEqual([1, 1, 1, 1]);
  await engine.ok(["start", "bow"]);
  await engine.ok(["rm", "-f", "bow"]);
  expect(countsOf(driver.server, ["CreateEndpoint", ...ends])).toEqual([1, 2, 2, 2, 2]);
});

test("containers do not notice that their driver is away, and new ones wait for it", async () => {
  const { engine } = davitd;
  await run("bow");
  const bow = await addressOf("bow");
  await driver.server.stop();
  await ping("bow", bow);
  const failed = await engine.docker(["run", "--name", "stern", "--network", "deck", "busybox", "true"]);
  expect(failed.stderr).toMatch(/plugin "tnet" not found|connect: no such file or directory/);
  await engine.ok(["rm", "stern"]);
  await driver.server.start();
  await run("stern");
  await ping("stern", bow);
});

test("what the driver could not be told stays on record, and is told when it is back", async () => {
  const { engine } = davitd;
  await run("bow");
  driver.server.forget();
  await driver.server.stop();
  await engine.ok(["rm", "-f", "bow"]);
  expect(await engine.ok(["ps", "-aq"])).toBe("");
  await driver.server.start();
  expect(countsOf(driver.server, ends)).toEqual([0, 0, 0, 0]);
  await engine.ok(["network", "rm", "deck"]);
  expect(countsOf(driver.server, [...ends, "DeleteNetwork"])).toEqual([1, 1, 1, 2, 1]);
});

test("a plugin is not disabled while a network is its, or has its addresses of it", async () => {
  const { engine } = davitd;
  const { name } = await servers.managed("acme/tnet");
  const inUse = `plugin ${name} is in use`;
  const disable = async (...options: readonly string[]) =>
    (await engine.docker(["plugin", "disable", ...options, name])).stderr;
  await engine.ok(["network", "create", "-d", name, "one"]);
  expect(await disable()).toContain(inUse);
  await engine.ok(["network", "create", "-d", "tnet", "--ipam-driver", name, "two"]);
  await engine.ok(["network", "rm", "one"]);
  expect(await disable()).toContain(inUse);
  // A restarted engine knows it as well.
  await engine.stop();
  await engine.start();
  expect(await disable()).toContain(inUse);
  expect(await disable("-f")).toBe("");
  expect((await engine.docker(["network", "create", "-d", name, "three"])).stderr).toContain(
    `plugin ${name} found but disabled`,
  );
  await engine.ok(["plugin", "enable", name]);
  await engine.ok(["network", "rm", "two"]);
  expect(await disable()).toBe("");
  await engine.ok(["plugin", "rm", name]);
});

test("networks of a managed plugin that was removed by force can be removed at once", async () => {
  const { engine } = davitd;
  const before = await engine.network.interfaces();
  const { name } = await servers.managed("acme/gone");
  await engine.ok(["network", "create", "-d", name, "--ipam-driver", name, "one"]);
  const bridge = (await engine.network.interfaces()).find(
    (link) => link.startsWith("tb") && !before.includes(link),
  );
  await engine.ok(["plugin", "rm", "-f", name]);
  await engine.ok(["network", "rm", "one"]);
  expect(await engine.ok(["network", "ls", "-q", "--filter", "name=^one$"])).toBe("");
  expect(engine.log.filter((line) => line.includes("waited for") && line.includes(name))).toEqual([]);
  // Nobody is left to do it.
  await engine.network.run("ip", "link", "delete", bridge ?? "");
});

test("an IPAM driver that forgets is asked again for what is in use when the engine starts", async () => {
  const { engine } = davitd;
  const replayed = await servers.bySocket("replay", {
    "IpamDriver.GetCapabilities": () => ({ RequiresRequestReplay: true }),
  });
  const { server } = replayed;
  const options = ["--ipam-driver", "replay", "--ipam-opt", "shelf=top", "--aux-address", "pump=10.87.0.9"];
  await engine.ok(["network", "create", "-d", "tnet", ...options, "--subnet", "10.87.0.0/24", "pool"]);
  await engine.ok(["run", "-d", "--name", "bow", "--network", "pool", "busybox", "sleep", "3600"]);
  await engine.stop();
  await server.stop();
  server.forget();
  const { "IpamDriver.GetCapabilities": _kept, ...fresh } = ipamDriverAnswers();
  server.answer(fresh);
  await server.start();
  await engine.start();
  await server.nextCall("IpamDriver.RequestPool");
  await engine.ok(["rm", "-f", "bow"]);
  const asked = server.calls.filter(({ method }) => /IpamDriver\.Re/.test(method));
  expect(asked.map(({ method, body }) => [method, body])).toEqual([
    [
      "IpamDriver.RequestPool",
      { AddressSpace: "TestLocal", Pool: "10.87.0.0/24", SubPool: "", Options: { shelf: "top" }, V6: false },
    ],
    [
      "IpamDriver.RequestAddress",
      {
        PoolID: "pool-10.87.0.0/24",
        Address: "10.87.0.1",
        Options: { RequestAddressType: "com.docker.network.gateway" },
      },
    ],
    ["IpamDriver.RequestAddress", { PoolID: "pool-10.87.0.0/24", Address: "10.87.0.9", Options: null }],
    ["IpamDriver.RequestAddress", { PoolID: "pool-10.87.0.0/24", Address: "10.87.0.2", Options: null }],
    ["IpamDriver.ReleaseAddress", { PoolID: "pool-10.87.0.0/24", Address: "10.87.0.2" }],
  ]);
  await engine.ok(["network", "rm", "pool"]);
});

test("an IPAM driver that forgets, and comes after the engine, is asked again before anything else", async () => {
  const { engine } = davitd;
  const { server } = await servers.bySocket("late", {
    "IpamDriver.GetCapabilities": () => ({ RequiresRequestReplay: true }),
  });
  await engine.ok([
    "network",
    "create",
    "-d",
    "tnet",
    "--ipam-driver",
    "late",
    "--subnet",
    "10.88.0.0/24",
    "pool",
  ]);
  await engine.ok(["run", "-d", "--name", "bow", "--network", "pool", "busybox", "sleep", "3600"]);
  await engine.stop();
  await server.stop();
  server.forget();
  const { "IpamDriver.GetCapabilities": _kept, ...fresh } = ipamDriverAnswers();
  server.answer(fresh);
  await engine.start();
  expect(server.calls).toEqual([]);
  await server.start();
  await engine.ok(["run", "-d", "--name", "stern", "--network", "pool", "busybox", "sleep", "3600"]);
  const address = "{{.NetworkSettings.Networks.pool.IPAddress}}";
  expect(await engine.ok(["inspect", "--format", address, "bow", "stern"])).toBe("10.88.0.2\n10.88.0.3");
  const asked = server.calls.filter(({ method }) => /IpamDriver\.Re/.test(method));
  expect(asked.map(({ method }) => method)).toEqual([
    "IpamDriver.RequestPool",
    "IpamDriver.RequestAddress",
    "IpamDriver.RequestAddress",
    "IpamDriver.RequestAddress",
  ]);
  await engine.ok(["rm", "-f", "bow", "stern"]);
  await engine.ok(["network", "rm", "pool"]);
});
