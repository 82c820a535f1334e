import { expect, test } from "vitest";
import { defaultCapabilities } from "../runtime-spec/defaults.ts";
import { boundingSet } from "./bounding-set.ts";
import { capabilities } from "./capabilities.ts";
import { hostsFile, resolvConf } from "./network-files.ts";
import { sampleRecord } from "./sample-record.ts";
import { runtimeSignal, signalNumber } from "./signal.ts";
import { startFailureExitCode } from "./start-failure.ts";
import { afterAction } from "./transitions.ts";

const asked = (capAdd: string[], capDrop: string[]) =>
  capabilities({ capAdd, capDrop, privileged: false }, ["CAP_CHOWN", "CAP_BPF"]);

test("capabilities are the defaults, with what is added and without what is dropped", () => {
  expect([...asked([], [])].sort()).toEqual([...defaultCapabilities].sort());
  expect(asked([], ["all"])).toEqual([]);
  expect(asked(["sys_admin"], ["ALL"])).toEqual(["CAP_SYS_ADMIN"]);
  expect(asked(["ALL"], ["CAP_CHOWN"])).toEqual(["CAP_BPF"]);
  expect(asked([], ["chown"])).not.toContain("CAP_CHOWN");
});

test("a process's bounding set is read by the numbers of its bits", () => {
  expect([...(boundingSet("Name:\tx\nCapBnd:\t0000010000000003\n") ?? [])]).toEqual([
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_CHECKPOINT_RESTORE",
  ]);
  expect(boundingSet("")).toBeUndefined();
});

test.each([
  ["SIGTERM", 15],
  ["kill", 9],
  ["9", 9],
  ["RTMIN+3", 37],
  ["SIGRTMAX-1", 63],
  ["CLD", 17],
])("the signal %s is %i", (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

test.each(["", "0", "65", "SIGODD", "-1"])("the signal '%s' is refused", (text) => {
  expect(() => signalNumber(text)).toThrow(`Invalid signal: ${text}`);
});

test("the runtime gets names where there are names", () => {
  expect([runtimeSignal("15"), runtimeSignal("RTMIN")]).toEqual(["SIGTERM", "34"]);
});

test.each([
  ['exec: "x": executable file not found in $PATH', 127],
  ['exec: "/x": stat /x: no such file or directory', 127],
  ['exec: "/etc": permission denied', 126],
  ['exec: "/etc": is a directory', 126],
  ["anything else", 128],
])("a start that fails with %s has the exit code %i", (message, code) => {
  expect(startFailureExitCode(message)).toBe(code);
});

test("a running container cannot be removed, and only what runs can exit", () => {
  expect(afterAction("created", "start")).toBe("running");
  expect(afterAction("running", "exit")).toBe("exited");
  expect(afterAction("dead", "remove")).toBe("removed");
  expect(() => afterAction("running", "remove")).toThrow("remove container: it is running");
  expect(() => afterAction("dead", "start")).toThrow("start container: it is dead");
});

const bridged = sampleRecord({ networkMode: "bridge" });
const address = { address: "10.0.0.2", prefixLength: 16, gateway: "10.0.0.1", macAddress: "" };

test("the hosts file names the container, extra hosts and the gateway", () => {
  const extra = {
    ...bridged,
    hostConfig: { ...bridged.hostConfig, ExtraHosts: ["db:1.2.3.4", "up:host-gateway", "six:::1"] },
  };
  const text = hostsFile(extra, [address], "HOST");
  expect(text).toContain("127.0.0.1\tlocalhost\n");
  expect(text).toContain("1.2.3.4\tdb\n10.0.0.1\tup\n::1\tsix\n10.0.0.2\tbox\n");
  expect(hostsFile(sampleRecord({ networkMode: "host" }), [], "HOST\n")).toBe("HOST\n");
});

test("resolvers on the host's loopback are of no use in a network of its own", () => {
  const host = "# c\nnameserver 127.0.0.53\nsearch a b\noptions ndots:1\n";
  expect(resolvConf(bridged, host)).toBe(
    "nameserver 8.8.8.8\nnameserver 8.8.4.4\nsearch a b\noptions ndots:1\n",
  );
  expect(resolvConf(bridged, `${host}nameserver 9.9.9.9\n`)).toContain("nameserver 9.9.9.9\nsearch");
  expect(resolvConf(sampleRecord({ networkMode: "host" }), host)).toContain("nameserver 127.0.0.53\n");
  const asked = { ...bridged, hostConfig: { ...bridged.hostConfig, Dns: ["1.1.1.1"], DnsSearch: ["."] } };
  expect(resolvConf(asked, host)).toBe("nameserver 1.1.1.1\noptions ndots:1\n");
});
