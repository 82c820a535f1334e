import { expect, test } from "vitest";
import { mergeConfiguration } from "./configuration/configuration.ts";
import { listenAddresses, openAddresses } from "./listen-addresses.ts";

const addresses = (host: string, more: object = {}, environment: NodeJS.ProcessEnv = {}) =>
  listenAddresses(mergeConfiguration({}, { hosts: [host], ...more }), environment);

test.each([
  ["unix:///run/x.sock", { kind: "unix", path: "/run/x.sock" }],
  ["unix://", { kind: "unix", path: "/run/davit/davit.sock" }],
  ["/run/x.sock", { kind: "unix", path: "/run/x.sock" }],
  ["tcp://127.0.0.1:99", { kind: "tcp", host: "127.0.0.1", port: 99 }],
  ["tcp://0.0.0.0", { kind: "tcp", host: "0.0.0.0", port: 2375 }],
  ["tcp://:99", { kind: "tcp", host: "127.0.0.1", port: 99 }],
  ["tcp://[::1]:99/", { kind: "tcp", host: "::1", port: 99 }],
  ["localhost:99", { kind: "tcp", host: "localhost", port: 99 }],
] as const)("%s", (host, address) => {
  expect(addresses(host)).toEqual([address]);
});

test("a group goes with the socket", () => {
  expect(addresses("unix:///x", { group: "12" })).toEqual([{ kind: "unix", path: "/x", gid: 12 }]);
  expect(addresses("unix:///x", { group: "root" })).toEqual([{ kind: "unix", path: "/x", gid: 0 }]);
});

test("sockets that are handed over are all listened on, if they are meant for this process", () => {
  const environment = { LISTEN_FDS: "2", LISTEN_PID: String(process.pid) };
  expect(addresses("fd://", {}, environment)).toEqual([
    { kind: "fd", fd: 3 },
    { kind: "fd", fd: 4 },
  ]);
  expect(() => addresses("fd://", {}, { ...environment, LISTEN_PID: "1" })).toThrow(
    "no socket was handed over",
  );
});

test.each([
  ["unix://relative", {}, "setting host unix://relative: expected an absolute path"],
  ["npipe://x", {}, "expected unix://PATH, tcp://HOST:PORT or fd://"],
  ["tcp://a:b", {}, "expected tcp://HOST:PORT"],
  ["tcp://a:99999", {}, "no such port"],
  ["unix:///x", { group: "no-such-group" }, "setting group: there is no group no-such-group"],
  ["tcp://:1", { tlsverify: true }, "clients cannot be verified without tlscacert"],
  ["tcp://:1", { tls: true, tlscert: "/none" }, "setting tlscert: ENOENT"],
])("%s with %j is refused: %s", (host, more, reason) => {
  expect(() => addresses(host, more)).toThrow(reason);
});

test("addresses that others can reach are told apart", () => {
  const all = ["tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1", "unix:///x", "tcp://0.0.0.0:1"];
  const open = openAddresses(all.flatMap((host) => addresses(host)));
  expect(open).toEqual([{ kind: "tcp", host: "0.0.0.0", port: 1 }]);
});
