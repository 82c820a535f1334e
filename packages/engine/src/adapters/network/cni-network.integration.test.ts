import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Logger } from "../../core/ports/logger.ts";
import { CniNetwork } from "./cni-network.ts";
import { NetworkNamespaces } from "./network-namespaces.ts";

// The bridge is made in a namespace of the test's own: the machine's interfaces and rules are not touched.

let dir: string;
let hosts: NetworkNamespaces;
let hostNamespace: string;
let warnings: string[];
let network: CniNetwork;

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_fields, message) => void warnings.push(message),
  error: () => undefined,
  child: () => logger,
};

beforeEach(async () => {
  warnings = [];
  dir = await mkdtemp("/tmp/dvn-");
  hosts = new NetworkNamespaces(`${dir}/hosts`);
  hostNamespace = await hosts.create("host");
  network = new CniNetwork({ stateDir: `${dir}/state`, hostNamespace, subnet: "10.201.0.0/24", logger });
});
afterEach(async () => {
  for (const id of await network.list()) await network.removeNamespace(id);
  await hosts.remove("host");
  await rm(dir, { recursive: true, force: true });
});

const inside = (namespace: string, ...command: readonly string[]): string =>
  execFileSync("nsenter", [`--net=${namespace}`, ...command], { encoding: "utf8", stdio: "pipe" });

const leases = (): readonly string[] =>
  readdirSync(`${dir}/state/addresses/davit`).filter((name) => /^\d/.test(name));

test("says what is missing where there are no CNI plugins", async () => {
  const without = new CniNetwork({ stateDir: dir, pluginDirs: ["/nonexistent"], logger });
  expect(await without.available()).toMatch(/^no CNI plugins bridge and host-local in \/nonexistent/);
  expect(await network.available()).toBe(true);
});

test("two namespaces on the bridge reach each other and the host, and leave nothing", async () => {
  const first = await network.createNamespace("one");
  const second = await network.createNamespace("two");
  const a = await network.attach({ id: "one", namespace: first, ports: [] });
  const b = await network.attach({ id: "two", namespace: second, ports: [] });
  expect(a).toMatchObject({ addresses: ["10.201.0.2/24"], gateway: "10.201.0.1", bridge: "davit0" });
  expect(b.addresses).toEqual(["10.201.0.3/24"]);
  expect(inside(first, "ip", "-o", "link", "show", "eth0")).toContain(a.macAddress);
  // A refused connection is an answer; no answer would be "no route" or a time-out.
  expect(() => inside(first, "socat", "-T2", "-", "TCP:10.201.0.3:9,connect-timeout=2")).toThrow(/refused/);
  expect(() => inside(first, "socat", "-T2", "-", "TCP:10.201.0.1:9,connect-timeout=2")).toThrow(/refused/);
  expect(await network.list()).toEqual(["one", "two"]);
  await network.removeNamespace("one");
  await network.removeNamespace("two");
  await network.removeNamespace("two");
  expect(leases()).toEqual([]);
  expect(await network.list()).toEqual([]);
  expect(existsSync(first)).toBe(false);
});

test("loopback is up in a namespace of its own", async () => {
  const namespace = await network.createNamespace("lo");
  expect(inside(namespace, "ip", "-o", "address", "show", "lo")).toContain("127.0.0.1/8");
});

test("an attachment is undone by a later engine, even if the namespace is gone", async () => {
  const namespace = await network.createNamespace("x");
  await network.attach({ id: "x", namespace, ports: [] });
  await new NetworkNamespaces(`${dir}/state/namespaces`).remove("x");
  const later = new CniNetwork({ stateDir: `${dir}/state`, hostNamespace, subnet: "10.201.0.0/24", logger });
  await later.removeNamespace("x");
  expect(leases()).toEqual([]);
});

test("a namespace that is none fails and leaves no address taken", async () => {
  await expect(network.attach({ id: "bad", namespace: `${dir}/no`, ports: [] })).rejects.toThrow(
    /^attach bad to network: CNI plugin bridge: /,
  );
  expect(existsSync(`${dir}/state/addresses/davit`) ? leases() : []).toEqual([]);
});

test("ports are published where iptables works, and refused with the reason where it does not", async () => {
  const namespace = await network.createNamespace("p");
  const ports = [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] as const;
  const outcome = await network.attach({ id: "p", namespace, ports }).then(
    () => "published",
    (error: Error) => error.message,
  );
  const usable = warnings.length === 0;
  const rules = (): string => (usable ? inside(hostNamespace, "iptables", "-t", "nat", "-S") : "");
  expect(outcome).toBe(usable ? "published" : "publish ports of p: iptables cannot be used on this host");
  expect(rules().includes("10.201.0.2:80")).toBe(usable);
  await network.detach("p");
  expect(rules()).not.toContain("10.201.0.2");
});
