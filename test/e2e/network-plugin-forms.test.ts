import { busyboxRootfs } from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countsOf, NetworkPluginServers, type ServedDriver } from "./network-plugin-server.ts";
import { useDavitdInOwnNetwork } from "./use-davitd.ts";

const davitd = useDavitdInOwnNetwork();
const cleanup = new AsyncDisposableStack();
const servers = new NetworkPluginServers(davitd, cleanup);

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterAll(() => cleanup.disposeAsync());

describe.each([
  ["a managed plugin", () => servers.managed("acme/tnet"), "10.81.0.0/24"],
  ["a socket", () => servers.bySocket("bysocket"), "10.82.0.0/24"],
  ["an address with TLS", () => servers.byJson("byjson"), "10.83.0.0/24"],
] as const)("a network driver behind %s", (_form, serve, subnet) => {
  let driver: ServedDriver;
  let interfaces: readonly string[];
  beforeAll(async () => {
    interfaces = await davitd.engine.network.interfaces();
    driver = await serve();
  });

  test.each([
    ["its own IPAM driver", () => ["--ipam-driver", driver.name, "--ipam-opt", "shelf=top"]],
    ["the engine's addresses", () => ["--subnet", subnet]],
  ])("connects containers with %s", async (_ipam, options) => {
    const { engine } = davitd;
    const { server, name } = driver;
    server.forget();
    await engine.ok(["network", "create", "-d", name, ...options(), "-o", "colour=blue", "deck"]);
    expect(server.calls.find(({ method }) => method === "NetworkDriver.CreateNetwork")?.body).toMatchObject({
      Options: { "com.docker.network.generic": { colour: "blue" } },
    });
    const inspect = "{{.Driver}} {{.Scope}} {{(index .IPAM.Config 0).Subnet}}";
    const shown = await engine.ok(["network", "inspect", "--format", inspect, "deck"]);
    expect(shown).toMatch(new RegExp(`^${name} local 10\\.[\\d.]+/24$`));
    await engine.ok(["run", "-d", "--name", "bow", "--network", "deck", "busybox", "sleep", "3600"]);
    const address = "{{.NetworkSettings.Networks.deck.IPAddress}}";
    const bow = await engine.ok(["inspect", "--format", address, "bow"]);
    const ping = ["run", "--rm", "--network", "deck", "busybox", "ping", "-c", "1", "-W", "5", bow];
    expect(await engine.ok(ping)).toContain("1 packets received");
    expect((await engine.docker(["network", "rm", "deck"])).stderr).toContain("has active endpoints");
    await engine.ok(["rm", "-f", "bow"]);
    await engine.ok(["network", "rm", "deck"]);
    expect(countsOf(server, ["CreateNetwork", "DeleteNetwork"])).toEqual([1, 1]);
    expect(countsOf(server, ["CreateEndpoint", "Join", "Leave", "DeleteEndpoint"])).toEqual([2, 2, 2, 2]);
    expect(countsOf(server, ["RequestPool", "RequestAddress"])).toEqual(
      countsOf(server, ["ReleasePool", "ReleaseAddress"]),
    );
    expect(await engine.network.interfaces()).toEqual(interfaces);
  });
});
