import { hostConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { portsCollide, wantedPorts } from "./published-ports.ts";

const wanted = (host: object, exposed: string[] = []) => wantedPorts(hostConfigSchema.parse(host), exposed);

test.each([
  [{ HostPort: "8080" }, { hostPorts: { first: 8080, last: 8080 } }],
  [{ HostPort: "8080-8090" }, { hostPorts: { first: 8080, last: 8090 } }],
  [{ HostPort: "" }, {}],
  [{ HostPort: "0", HostIp: "127.0.0.1" }, { hostAddress: "127.0.0.1" }],
  [{ HostIp: "0.0.0.0" }, {}],
])("%j", (binding, expected) => {
  expect(wanted({ PortBindings: { "80/udp": [binding] } })).toEqual([
    { containerPort: 80, protocol: "udp", ...expected },
  ]);
});

test("all exposed ports are published, those that are bound where they are bound", () => {
  const bound = { "80/tcp": [{ HostPort: "1" }], "81/tcp": null };
  expect(wanted({ PortBindings: bound, PublishAllPorts: true }, ["80/tcp", "81/tcp", "82/udp"])).toEqual([
    { containerPort: 80, protocol: "tcp", hostPorts: { first: 1, last: 1 } },
    { containerPort: 81, protocol: "tcp" },
    { containerPort: 82, protocol: "udp" },
  ]);
});

test.each(["80/icmp", "0", "65536", "x"])("refuses the port %s", (port) => {
  expect(() => wanted({ PortBindings: { [port]: [] } })).toThrow(`invalid port specification: "`);
});

test.each([
  [undefined, undefined, true],
  ["127.0.0.1", undefined, true],
  ["127.0.0.1", "127.0.0.1", true],
  ["127.0.0.1", "127.0.0.2", false],
])("one port at %s and at %s collide: %s", (first, second, expected) => {
  const at = (hostAddress: string | undefined) => ({
    hostPort: 1,
    containerPort: 2,
    protocol: "tcp" as const,
    ...(hostAddress === undefined ? {} : { hostAddress }),
  });
  expect(portsCollide(at(first), at(second))).toBe(expected);
  expect(portsCollide(at(first), { ...at(second), protocol: "udp" })).toBe(false);
});
