import {
  busyboxRootfs,
  findPeer,
  mustRun,
  OwnNetwork,
  startDavitdInOwnNetwork,
  startDockerdInOwnNetwork,
  type TestEngine,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProgram } from "./start-program.ts";

// The engine's host and another one on one wire: 192.0.2.1 and 192.0.2.2.

const cleanup = new AsyncDisposableStack();
let engine: TestEngine;
let outside: OwnNetwork;

beforeAll(async () => {
  const start = process.env["DAVIT_E2E"] === "dockerd" ? startDockerdInOwnNetwork : startDavitdInOwnNetwork;
  engine = cleanup.use(await start());
  outside = cleanup.use(await OwnNetwork.create());
  const { network } = engine;
  const link = ["link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", outside.path];
  await network.run("ip", ...link);
  for (const [host, address] of [
    [network, "192.0.2.1/24"],
    [outside, "192.0.2.2/24"],
  ] as const) {
    await host.run("ip", "address", "add", address, "dev", "wire");
    await host.run("ip", "link", "set", "wire", "up");
  }
  await network.run("ip", "address", "add", "2001:db8::1/64", "dev", "wire", "nodad");
  await outside.run("ip", "address", "add", "2001:db8::2/64", "dev", "wire", "nodad");
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterAll(() => cleanup.disposeAsync());

/** Programs of the host, where a container finds them. */
const programs = ["/usr:/usr:ro", "/usr/lib:/lib:ro", "/usr/lib64:/lib64:ro"].flatMap((bind) => [
  "--volume",
  bind,
]);

/** Answers everybody with the address that they come from; resolves once it listens. */
async function serve(name: string, listen: string, ...options: readonly string[]): Promise<void> {
  // It reads before it answers: socat gives up on a program that ends with something left to read, at times with its answer.
  const answer = "SYSTEM:read line; echo from $SOCAT_PEERADDR";
  const command = ["/usr/bin/socat", "-d", "-d", `${listen},fork`, answer];
  await engine.ok([
    "run",
    "--detach",
    "--name",
    name,
    "--stop-signal",
    "KILL",
    ...programs,
    ...options,
    "busybox",
    ...command,
  ]);
  const environment = Object.entries(engine.environment()).map(([key, value]) => `${key}=${value}`);
  const logs = [findPeer("docker"), "logs", "--follow", name];
  await using log = startProgram("env", [...environment, ...logs]);

  await log.line(listen.startsWith("UDP") ? "receiving on AF=" : "listening on AF=");
}

function ask(from: OwnNetwork, to: string): Promise<string> {
  const [nsenter = "", ...entering] = from.enter;
  return mustRun(nsenter, [...entering, "socat", "-T5", "-t5", "-", `${to},${bound(to)}`], { input: "?\n" });
}

/** No answer is a failure within seconds. */
const bound = (to: string): string => (to.startsWith("TCP") ? "connect-timeout=5" : "shut-none");

describe("a published port", () => {
  test("of TCP is reached from outside, from the host and from other containers", async () => {
    await serve("web", "TCP-LISTEN:80", "--publish", "8080:80");
    expect(await engine.ok(["port", "web"])).toContain("80/tcp -> 0.0.0.0:8080");
    expect(await ask(outside, "TCP:192.0.2.1:8080")).toBe("from 192.0.2.2\n");
    expect(await ask(engine.network, "TCP:127.0.0.1:8080")).toMatch(/^from /);
    expect(await ask(engine.network, "TCP:192.0.2.1:8080")).toMatch(/^from /);
    const client = ["/usr/bin/socat", "-T5", "-", "TCP:192.0.2.1:8080,connect-timeout=5"];
    expect(await engine.ok(["run", "--rm", ...programs, "busybox", ...client])).toMatch(/^from /);
  });

  test("of UDP is reached from outside", async () => {
    await serve("names", "UDP-RECVFROM:53", "--publish", "5353:53/udp");
    expect(await ask(outside, "UDP:192.0.2.1:5353")).toBe("from 192.0.2.2\n");
  });

  test("of one address of the host is reached by no other", async () => {
    await serve("local", "TCP-LISTEN:80", "--publish", "127.0.0.1:8081:80");
    expect(await ask(engine.network, "TCP:127.0.0.1:8081")).toMatch(/^from /);
    await expect(ask(outside, "TCP:192.0.2.1:8081")).rejects.toThrow("refused");
  });

  test("of IPv6 is reached from outside, each of both families where it was asked for", async () => {
    await engine.ok(["network", "create", "--ipv6", "--subnet", "fd42::/64", "six"]);
    const ports = ["--publish", "8090:80", "--publish", "[::]:8091:80", "--publish", "[2001:db8::1]:8092:80"];
    await serve(
      "both",
      "TCP6-LISTEN:80,ipv6only=0",
      "--network",
      "six",
      ...ports,
      "--publish",
      "0.0.0.0:8093:80",
    );
    const from = /^from \[2001:0?db8:.*0*2\]\n$/;
    expect(await ask(outside, "TCP:192.0.2.1:8090")).toMatch(/c000:0?202/);
    for (const port of ["8090", "8091", "8092"]) {
      expect(await ask(outside, `TCP:[2001:db8::1]:${port}`)).toMatch(from);
    }
    expect(await ask(engine.network, "TCP:[2001:db8::1]:8090")).toMatch(/^from /);
    await expect(ask(outside, "TCP:192.0.2.1:8092")).rejects.toThrow("refused");
    await engine.ok(["rm", "--force", "both"]);
    await expect(ask(outside, "TCP:[2001:db8::1]:8090")).rejects.toThrow("refused");
    await engine.ok(["network", "rm", "six"]);
  });

  test("goes with its container, whose successor has it", async () => {
    await engine.ok(["rm", "--force", "web"]);
    await expect(ask(outside, "TCP:192.0.2.1:8080")).rejects.toThrow("refused");
    await serve("next", "TCP-LISTEN:81", "--publish", "8080:81");
    expect(await ask(outside, "TCP:192.0.2.1:8080")).toBe("from 192.0.2.2\n");
    await engine.ok(["restart", "next"]);
  });
});

test("what a container sends to the outside comes from its host", async () => {
  const args = [
    ...outside.enter.slice(1),
    "socat",
    "-d",
    "-d",
    "TCP-LISTEN:7,fork",
    "SYSTEM:echo from $SOCAT_PEERADDR",
  ];
  await using server = startProgram("nsenter", args);
  await server.line("listening on AF=2");
  const client = ["/usr/bin/socat", "-T5", "-", "TCP:192.0.2.2:7,connect-timeout=5"];
  expect(await engine.ok(["run", "--rm", ...programs, "busybox", ...client])).toBe("from 192.0.2.1");
});
