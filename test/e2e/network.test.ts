import { writeFile } from "node:fs/promises";
import {
  busyboxRootfs,
  mustRun,
  peerEnvironment,
  startDavitdInOwnNetwork,
  type TestEngine,
} from "@davit/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft } from "./nothing-left.ts";

const cleanup = new AsyncDisposableStack();
let engine: TestEngine;

beforeAll(async () => {
  engine = cleanup.use(await startDavitdInOwnNetwork());
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterEach(async () => {
  const containers = (await engine.ok(["ps", "--all", "--quiet"])).split("\n").filter(Boolean);
  if (containers.length > 0) await engine.ok(["rm", "--force", ...containers]);
  await engine.ok(["network", "prune", "--force"]);
});
afterAll(() => cleanup.disposeAsync());

const sleeper = (name: string, ...options: readonly string[]) =>
  engine.ok([
    "run",
    "--detach",
    "--name",
    name,
    "--stop-timeout",
    "0",
    ...options,
    "busybox",
    "sleep",
    "600",
  ]);
const exec = (name: string, ...command: readonly string[]) => engine.ok(["exec", name, ...command]);
const fails = async (...args: readonly string[]): Promise<string> => {
  const { stderr, exitCode } = await engine.docker(args);
  expect(exitCode).not.toBe(0);
  return stderr;
};
const ping = (from: string, to: string) => exec(from, "ping", "-c", "1", "-W", "2", to);
const addressOn = (name: string, network: string) =>
  engine.ok(["inspect", "--format", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name]);
const rules = async (): Promise<readonly string[]> =>
  (await engine.network.run("iptables-save")).split("\n").filter((line) => line.includes("davit:"));

describe("a network of one's own", () => {
  test("is listed, inspected by name, ID and prefix, and removed with its bridge", async () => {
    const id = await engine.ok(["network", "create", "--label", "a=b", "mine"]);
    expect(await engine.ok(["network", "ls", "--format", "{{.Name}} {{.Driver}}"])).toBe(
      "bridge bridge\nhost host\nmine bridge\nnone null",
    );
    expect(await engine.ok(["network", "ls", "--quiet", "--no-trunc", "--filter", "label=a=b"])).toBe(id);
    for (const name of ["mine", id, id.slice(0, 8)]) {
      expect(await engine.ok(["network", "inspect", "--format", "{{.Name}}", name])).toBe("mine");
    }
    expect(await engine.network.interfaces()).toContain(`br-${id.slice(0, 12)}`);
    expect(await engine.ok(["network", "rm", "mine"])).toBe("mine");
    expect(await engine.network.interfaces()).not.toContain(`br-${id.slice(0, 12)}`);
    expect((await rules()).filter((rule) => rule.includes(id.slice(0, 12)))).toEqual([]);
    expect(await fails("network", "inspect", "mine")).toContain("network mine not found");
  });

  test("has a name of its own, and is not removed while a container is in it", async () => {
    const id = await engine.ok(["network", "create", "mine"]);
    expect(await fails("network", "create", "mine")).toContain("network with name mine already exists");
    await sleeper("one", "--network", "mine");
    expect(await fails("network", "rm", "mine")).toContain(
      `error while removing network: network mine id ${id} has active endpoints`,
    );
    await engine.ok(["stop", "one"]);
    await engine.ok(["network", "rm", "mine"]);
    // Bound to it since its start, and to no other of that name.
    expect(await fails("start", "one")).toContain(`network ${id} not found`);
  });

  test("is not one of those that are always there", async () => {
    expect(await fails("network", "rm", "host")).toContain(
      "host is a pre-defined network and cannot be removed",
    );
    expect(await fails("network", "create", "none")).toContain(
      "operation is not permitted on predefined none network",
    );
  });

  test("lets containers find each other by address, name, alias and short ID, whoever came first", async () => {
    await engine.ok(["network", "create", "mine"]);
    const one = await sleeper("one", "--network", "mine", "--network-alias", "first");
    const two = await sleeper("two", "--network", "mine", "--hostname", "second");
    await ping("one", await addressOn("two", "mine"));
    await ping("one", "two");
    await ping("two", "one");
    await ping("two", "first");
    await ping("two", one.slice(0, 12));
    await ping("one", "second");
    await ping("one", "two.mine");
    expect(await exec("one", "cat", "/etc/resolv.conf")).toBe("nameserver 127.0.0.11\noptions ndots:0");
    expect(await exec("one", "nslookup", await addressOn("two", "mine"))).toContain("name = two.mine");
    await engine.ok(["rm", "--force", two]);
    expect((await engine.docker(["exec", "one", "nslookup", "two"])).stdout).toContain("can't find two");
  });

  test("shows its containers, which show it", async () => {
    const id = await engine.ok(["network", "create", "mine"]);
    const container = await sleeper("one", "--network", "mine");
    const format = "{{range $id, $c := .Containers}}{{$id}} {{$c.Name}} {{$c.IPv4Address}}{{end}}";
    const address = await addressOn("one", "mine");
    expect(await engine.ok(["network", "inspect", "--format", format, "mine"])).toBe(
      `${container} one ${address}/16`,
    );
    const settings = "{{with index .NetworkSettings.Networks `mine`}}{{.NetworkID}} {{.Gateway}}{{end}}";
    expect(await engine.ok(["inspect", "--format", settings, "one"])).toBe(
      `${id} ${address.replace(/\d+$/, "1")}`,
    );
    expect(await engine.ok(["ps", "--quiet", "--no-trunc", "--filter", "network=mine"])).toBe(container);
    expect(await engine.ok(["ps", "--quiet", "--no-trunc", "--filter", `network=${id}`])).toBe(container);
    expect(await engine.ok(["ps", "--quiet", "--filter", "network=bridge"])).toBe("");
  });

  test("gives the addresses that are asked for, of both families, and a MAC address", async () => {
    const subnets = ["--subnet", "10.7.0.0/16", "--ip-range", "10.7.5.0/24", "--gateway", "10.7.0.9"];
    const reserved = ["--aux-address", "router=10.7.5.1"];
    await engine.ok([
      "network",
      "create",
      "--ipv6",
      "--subnet",
      "fd77::/64",
      ...subnets,
      ...reserved,
      "mine",
    ]);
    const wanted = ["--ip", "10.7.9.9", "--ip6", "fd77::99", "--mac-address", "02:42:00:00:00:99"];
    await sleeper("one", "--network", "mine", ...wanted);
    await sleeper("two", "--network", "mine");
    const shown = await exec("one", "ip", "addr", "show", "eth0");
    expect(shown).toContain("inet 10.7.9.9/16");
    expect(shown).toContain("inet6 fd77::99/64");
    expect(shown).toContain("link/ether 02:42:00:00:00:99");
    expect(await exec("one", "ip", "route")).toContain("default via 10.7.0.9");
    // The first of the range is the network's own, the second is reserved.
    expect(await addressOn("two", "mine")).toMatch(/^10\.7\.5\.[02]$/);
    await ping("two", "10.7.9.9");
    await exec("two", "ping", "-6", "-c", "1", "-W", "2", "fd77::99");
    expect(await fails("run", "--network", "mine", "--ip", "10.7.9.9", "busybox", "true")).toContain(
      "Address already in use",
    );
    expect(await fails("run", "--network", "mine", "--ip", "10.8.9.9", "busybox", "true")).toContain(
      "Invalid address 10.8.9.9: It does not belong to any of this network's subnets",
    );
  });

  test("gives link-local addresses beside the others, at creation and by connect", async () => {
    await engine.ok(["network", "create", "mine"]);
    const asked = ["--link-local-ip", "169.254.7.7", "--link-local-ip", "fe80::7"];
    await sleeper("one", "--network", "mine", ...asked);
    await sleeper("two");
    await engine.ok(["network", "connect", "--link-local-ip", "169.254.7.8", "mine", "two"]);
    expect(await exec("one", "ip", "address", "show", "eth0")).toMatch(/169\.254\.7\.7\/16[^]*fe80::7\/64/);
    expect(await exec("two", "ip", "address", "show", "eth1")).toContain("169.254.7.8/16");
    await ping("one", "169.254.7.8");
    expect(
      await engine.ok(["inspect", "--format", "{{json .NetworkSettings.Networks.mine.IPAMConfig}}", "one"]),
    ).toBe('{"LinkLocalIPs":["169.254.7.7","fe80::7"]}');
    expect(await fails("network", "connect", "--link-local-ip", "odd", "mine", "two")).toContain("odd");
  });

  test("keeps an address for the container that has it, and gives it on when that has ended", async () => {
    await engine.ok(["network", "create", "--subnet", "10.8.0.0/29", "mine"]);
    for (const at of [2, 3, 4, 5, 6]) await sleeper(`c${String(at)}`, "--network", "mine");
    expect(await fails("run", "--network", "mine", "busybox", "true")).toContain(
      "no available IPv4 addresses on this network's address pools: mine",
    );
    const freed = await addressOn("c4", "mine");
    await engine.ok(["stop", "c4"]);
    await sleeper("c7", "--network", "mine");
    expect(await addressOn("c7", "mine")).toBe(freed);
  });

  test("without a way out has no default route, and nobody outside is asked for names", async () => {
    await engine.ok(["network", "create", "--internal", "mine"]);
    await sleeper("one", "--network", "mine");
    await sleeper("two", "--network", "mine", "--expose", "80", "--publish", "8090:90");
    expect(await exec("one", "ip", "route")).not.toContain("default");
    await ping("one", "two");
    const ports = ["--filter", "name=two", "--format", "{{.Ports}}"];
    expect(await engine.ok(["ps", ...ports])).toBe("");
    await engine.ok(["network", "connect", "bridge", "two"]);
    expect(await engine.ok(["ps", ...ports])).toContain("80/tcp");
    expect((await engine.docker(["exec", "one", "nslookup", "example.org"])).stdout).toContain("REFUSED");
  });

  test("is apart from the others", async () => {
    await engine.ok(["network", "create", "mine"]);
    await engine.ok(["network", "create", "yours"]);
    await sleeper("one", "--network", "mine");
    await sleeper("two", "--network", "yours");
    const other = await addressOn("two", "yours");
    expect((await engine.docker(["exec", "one", "ping", "-c", "1", "-W", "1", other])).exitCode).toBe(1);
    expect((await engine.docker(["exec", "one", "nslookup", "two"])).exitCode).not.toBe(0);
  });

  test("is made beside others at the same time, each with all of its rules", async () => {
    // As on a host where there have been none yet.
    for (const table of ["filter", "nat"]) {
      await engine.network.run("iptables", "--table", table, "--flush");
      await engine.network.run("iptables", "--table", table, "--delete-chain");
    }
    const names = ["a", "b", "c", "d", "e"];
    const ids = await Promise.all(names.map((name) => engine.ok(["network", "create", name])));
    const found = await rules();
    const counts = ids.map((id) => found.filter((rule) => rule.includes(id.slice(0, 16))).length);
    expect(new Set(counts).size).toBe(1);
    expect(counts[0]).toBeGreaterThan(5);
    const jumps = (await engine.network.run("iptables", "-S", "FORWARD")).split("\n");
    expect(jumps.filter((line) => line.includes("DAVIT"))).toEqual(["-A FORWARD -j DAVIT-FORWARD"]);
  });

  test("keeps its containers apart, too, where it is asked to", async () => {
    const options = [
      "com.docker.network.bridge.enable_icc=false",
      "com.docker.network.bridge.name=quiet0",
      "com.docker.network.driver.mtu=1400",
    ].flatMap((option) => ["--opt", option]);
    await engine.ok(["network", "create", ...options, "mine"]);
    expect(await engine.network.interfaces()).toContain("quiet0");
    await sleeper("one", "--network", "mine");
    await sleeper("two", "--network", "mine");
    expect(await exec("one", "ip", "link", "show", "eth0")).toContain("mtu 1400");
    const two = await addressOn("two", "mine");
    expect((await engine.docker(["exec", "one", "ping", "-c", "1", "-W", "1", two])).exitCode).toBe(1);
    await ping("one", two.replace(/\d+$/, "1"));
    await engine.ok(["rm", "--force", "one", "two"]);
    await engine.ok(["network", "rm", "mine"]);
    expect(await engine.network.interfaces()).not.toContain("quiet0");
  });
});

describe("ports", () => {
  const serve = ["busybox", "nc", "-ll", "-p", "80", "-e", "echo", "hello"];
  const call = (address: string, port: string) =>
    engine.network.run("socat", "-T2", "-", `TCP:${address}:${port},connect-timeout=2`);

  test("are published on networks of one's own, to the host, its loopback, and containers elsewhere", async () => {
    await engine.ok(["network", "create", "mine"]);
    await engine.ok(["run", "--detach", "--name", "web", "--network", "mine", "-p", "8080:80", ...serve]);
    const address = await addressOn("web", "mine");
    expect(await call("127.0.0.1", "8080")).toBe("hello\n");
    expect(await call(address.replace(/\d+$/, "1"), "8080")).toBe("hello\n");
    await sleeper("elsewhere");
    const gateway = await engine.ok(["inspect", "--format", "{{.NetworkSettings.Gateway}}", "elsewhere"]);
    expect(await exec("elsewhere", "nc", "-w", "2", gateway, "8080")).toBe("hello");
    await engine.ok(["rm", "--force", "web"]);
    await expect(call("127.0.0.1", "8080")).rejects.toThrow("refused");
  });

  test("are bound where the network says, and moved with the way out", async () => {
    const binding = "com.docker.network.bridge.host_binding_ipv4=127.0.0.1";
    await engine.ok(["network", "create", "--opt", binding, "mine"]);
    await engine.ok(["network", "create", "--internal", "inner"]);
    const published = ["--network", "inner", "--publish", "80", "--name", "web"];
    await engine.ok(["run", "--detach", ...published, ...serve]);
    expect(await engine.ok(["port", "web"])).toBe("");
    await engine.ok(["network", "connect", "mine", "web"]);
    const place = await engine.ok(["port", "web"]);
    expect(place).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+$/);
    expect(await call("127.0.0.1", place.split(":").at(-1) ?? "")).toBe("hello\n");
    await engine.ok(["network", "disconnect", "mine", "web"]);
    expect(await engine.ok(["port", "web"])).toBe("");
    expect((await rules()).filter((rule) => rule.includes("DNAT --to"))).toEqual([]);
  });
});

describe("connect and disconnect", () => {
  test("move interfaces, addresses, names and the way out of a running container", async () => {
    await engine.ok(["network", "create", "--subnet", "10.21.0.0/16", "a"]);
    await engine.ok(["network", "create", "--subnet", "10.22.0.0/16", "b"]);
    await sleeper("one", "--network", "b");
    await sleeper("peer", "--network", "a");
    await engine.ok(["network", "connect", "--ip", "10.21.0.50", "--alias", "extra", "a", "one"]);
    expect(await exec("one", "ip", "-o", "addr", "show", "eth1")).toContain("10.21.0.50/16");
    // Of two with a gateway, the one whose name comes first.
    expect(await exec("one", "ip", "route")).toContain("default via 10.21.0.1 dev eth1");
    expect(await exec("one", "cat", "/etc/hosts")).toMatch(/^10\.21\.0\.50\t/m);
    await ping("peer", "extra");
    expect(await fails("network", "connect", "a", "one")).toContain(
      "endpoint with name one already exists in network a",
    );
    await engine.ok(["network", "disconnect", "a", "one"]);
    expect(await exec("one", "ip", "route")).toContain("default via 10.22.0.1 dev eth0");
    expect(await exec("one", "ls", "/sys/class/net")).not.toContain("eth1");
    expect(await exec("one", "cat", "/etc/hosts")).not.toContain("10.21.0.50");
    expect((await engine.docker(["exec", "peer", "nslookup", "extra"])).exitCode).not.toBe(0);
    expect(await fails("network", "disconnect", "a", "one")).toMatch(/is not connected to network a/);
  });

  test("are kept for one that does not run, and through a restart", async () => {
    await engine.ok(["network", "create", "--subnet", "10.21.0.0/16", "a"]);
    await engine.ok(["network", "create", "b"]);
    await engine.ok([
      "create",
      "--name",
      "one",
      "--network",
      "b",
      "--stop-timeout",
      "0",
      "busybox",
      "sleep",
      "600",
    ]);
    await engine.ok(["network", "connect", "--ip", "10.21.0.7", "a", "one"]);
    await engine.ok(["start", "one"]);
    expect(await addressOn("one", "a")).toBe("10.21.0.7");
    await engine.ok(["restart", "one"]);
    expect(await addressOn("one", "a")).toBe("10.21.0.7");
    await engine.ok(["network", "disconnect", "b", "one"]);
    await engine.ok(["restart", "one"]);
    expect(await exec("one", "ls", "/sys/class/net")).toMatch(/^eth0\s+lo$/);
    expect(
      await engine.ok([
        "inspect",
        "--format",
        "{{range $n, $_ := .NetworkSettings.Networks}}{{$n}}{{end}}",
        "one",
      ]),
    ).toBe("a");
  });

  test("bring a container without a network, or one of the default bridge, to names", async () => {
    await engine.ok(["network", "create", "mine"]);
    await sleeper("peer", "--network", "mine");
    await sleeper("lonely", "--network", "none");
    expect(await fails("network", "connect", "mine", "lonely")).toContain("private (none) mode");
    await engine.ok(["network", "disconnect", "none", "lonely"]);
    await engine.ok(["network", "connect", "mine", "lonely"]);
    await ping("lonely", "peer");
    await sleeper("plain");
    await engine.ok(["network", "connect", "mine", "plain"]);
    await ping("plain", "peer");
    await ping("peer", "plain");
    await engine.ok(["restart", "lonely"]);
    await ping("lonely", "peer");
  });

  test("leave the host's network and that of another container alone", async () => {
    await engine.ok(["network", "create", "mine"]);
    await sleeper("hosted", "--network", "host");
    await sleeper("one");
    await sleeper("sharer", "--network", "container:one");
    for (const name of ["hosted", "sharer"]) {
      expect(await fails("network", "connect", "mine", name)).toContain(
        "cannot be connected to any other network",
      );
    }
    expect(await fails("network", "connect", "host", "one")).toContain(
      "container cannot be disconnected from host network or connected to host network",
    );
  });
});

test("several networks at creation, the one with the higher priority leading out", async () => {
  await engine.ok(["network", "create", "--subnet", "10.21.0.0/16", "a"]);
  await engine.ok(["network", "create", "--subnet", "10.22.0.0/16", "b"]);
  const made = await engine.request("POST", "/v1.51/containers/create?name=both", {
    body: {
      Image: "busybox",
      Cmd: ["sleep", "600"],
      StopTimeout: 0,
      HostConfig: { NetworkMode: "a" },
      NetworkingConfig: { EndpointsConfig: { a: {}, b: { GwPriority: 5, Aliases: ["x"] } } },
    },
  });
  expect(made.status).toBe(201);
  await engine.ok(["start", "both"]);
  expect(await exec("both", "ip", "route")).toContain("default via 10.22.0.1 dev eth1");
  const older = await engine.request("POST", "/v1.43/containers/create", {
    body: { Image: "busybox", NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } },
  });
  expect(older.status).toBe(400);
  expect(older.body).toContain("Container cannot be connected to network endpoints: a, b");
});

test("a live container keeps its networks through the death of the daemon, and nothing is left when both are gone", async () => {
  await engine.ok(["network", "create", "mine"]);
  await sleeper("one", "--network", "mine", "--publish", "8080:80");
  await sleeper("two", "--network", "mine");
  await sleeper("gone", "--network", "mine");
  const pid = await engine.ok(["inspect", "--format", "{{.State.Pid}}", "gone"]);
  const addresses = [await addressOn("one", "mine"), await addressOn("two", "mine")];
  await engine.kill();
  process.kill(Number(pid), "SIGKILL");
  // A sandbox that no record names.
  const stray = `${engine.dir}/exec/network/namespaces/stray`;
  await writeFile(stray, "");
  await mustRun("mount", ["--bind", engine.network.path, stray], { env: peerEnvironment() });
  await engine.start();
  expect([await addressOn("one", "mine"), await addressOn("two", "mine")]).toEqual(addresses);
  await engine.line("Daemon has completed initialization");
  await ping("one", "two");
  await engine.ok(["wait", "gone"]);
  expect(await addressOn("gone", "mine")).toBe("");
  // Its address is free, those of the others are not.
  await sleeper("three", "--network", "mine");
  expect(addresses).not.toContain(await addressOn("three", "mine"));
  await engine.ok(["stop", "one", "two", "three"]);
  await engine.ok(["rm", "one", "two", "three", "gone"]);
  await engine.ok(["network", "rm", "mine"]);
  expect((await engine.network.interfaces()).filter((name) => /^(br-|veth)/.test(name))).toEqual([]);
  expect((await rules()).filter((rule) => rule.includes("DNAT --to"))).toEqual([]);
  await expectNothingLeft(engine);
});

test("whenever the daemon is killed, the next one leaves no interface, no address and no rule of a start that it did not see to its end", async () => {
  const id = await engine.ok(["network", "create", "--subnet", "10.8.0.0/29", "mine"]);
  const options = ["--network", "mine", "--publish", "8080:80", "--stop-timeout", "0"];
  await engine.ok(["create", "--name", "one", ...options, "busybox", "sleep", "600"]);
  for (const answers of [0, 2, 4, 8, 12, 16, 24, 32]) {
    const starting = engine.docker(["start", "one"]);
    // The time that so many answers take.
    for (let count = 0; count < answers; count += 1) await engine.request("GET", "/_ping");
    await engine.kill();
    await starting;
    await engine.start();
    await engine.docker(["stop", "one"]);
    expect((await engine.network.interfaces()).filter((name) => name.startsWith("veth"))).toEqual([]);
    expect((await rules()).filter((rule) => rule.includes("DNAT --to"))).toEqual([]);
    expect(await engine.ok(["network", "inspect", "--format", "{{len .Containers}}", id])).toBe("0");
  }
  await engine.ok(["rm", "--force", "one"]);
  for (const at of [2, 3, 4, 5, 6]) await sleeper(`c${String(at)}`, "--network", "mine");
});
