import { pluginConfigSchema } from "@davit/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { PluginRecord } from "../plugin/record.ts";
import { defaultCapabilities, defaultMounts } from "./defaults.ts";
import { type PluginHost, pluginSpec } from "./plugin-spec.ts";

const host: PluginHost = {
  rootfs: "/data/rootfs",
  socketDir: "/run/sockets/id",
  propagatedMount: undefined,
  devices: [],
  networkNamespace: undefined,
};
const zeros = `sha256:${"0".repeat(64)}` as const;

function record(config: object, settings: Partial<PluginRecord["settings"]> = {}): PluginRecord {
  const parsed = pluginConfigSchema.parse(config);
  return {
    id: "a".repeat(64),
    name: "acme/a:latest",
    reference: "docker.io/acme/a:latest",
    enabled: false,
    timeoutSeconds: 0,
    config: parsed,
    settings: {
      Args: parsed.Args.Value,
      Devices: parsed.Linux.Devices,
      Env: [],
      Mounts: parsed.Mounts,
      ...settings,
    },
    manifestDigest: zeros,
    configDigest: zeros,
    layers: [],
    rootfsKey: "key",
  };
}

const destinations = (config: object, given: PluginHost = host): readonly string[] =>
  pluginSpec(record(config), given).mounts.map((mount) => mount.destination);
const types = (config: object): readonly string[] =>
  pluginSpec(record(config), host).linux.namespaces.map(({ type }) => type);
const defaults = defaultMounts.map((mount) => mount.destination);

test("the smallest plugin gets the defaults and its socket directory", () => {
  const spec = pluginSpec(record({ Entrypoint: ["/p"] }), host);
  expect(spec.process).toEqual({
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ["/p"],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    cwd: "/",
    capabilities: {
      bounding: defaultCapabilities,
      effective: defaultCapabilities,
      permitted: defaultCapabilities,
      inheritable: [],
    },
  });
  expect(spec.mounts).toEqual([
    ...defaultMounts,
    {
      destination: "/run/docker/plugins",
      type: "bind",
      source: "/run/sockets/id",
      options: ["rbind", "rshared"],
    },
  ]);
  expect(spec.linux.namespaces.map(({ type }) => type)).toEqual(["mount", "network", "uts", "pid", "ipc"]);
  expect(spec.linux).not.toHaveProperty("cgroupsPath");
  expect(spec.linux).not.toHaveProperty("rootfsPropagation");
});

test("arguments follow the entry point and settings follow PATH", () => {
  const spec = pluginSpec(
    record({ Entrypoint: ["/p", "-v"], WorkDir: "/w" }, { Args: ["a", ""], Env: ["X=1", "PATH=/q"] }),
    host,
  );
  expect(spec.process.args).toEqual(["/p", "-v", "a", ""]);
  expect(spec.process.env.slice(1)).toEqual(["X=1", "PATH=/q"]);
  expect(spec.process.cwd).toBe("/w");
});

test("granted capabilities are added to the default ones and alone are inheritable", () => {
  const { capabilities } = pluginSpec(record({ Linux: { Capabilities: ["CAP_SYS_ADMIN"] } }), host).process;
  expect(capabilities.bounding).toEqual([...defaultCapabilities, "CAP_SYS_ADMIN"]);
  expect(capabilities.inheritable).toEqual(["CAP_SYS_ADMIN"]);
  expect(capabilities).not.toHaveProperty("ambient");
});

test("a user other than root keeps the granted capabilities as ambient ones", () => {
  const config = { User: { UID: 1000, GID: 50 }, Linux: { Capabilities: ["CAP_NET_ADMIN"] } };
  const { process } = pluginSpec(record(config), host);
  expect(process.user).toEqual({ uid: 1000, gid: 50 });
  expect(process.capabilities.ambient).toEqual(["CAP_NET_ADMIN"]);
});

test("mounts come in the order default, propagated, own, sockets, name resolution, metrics", () => {
  const config = {
    PropagatedMount: "/mnt/v",
    Mounts: [
      { Source: "/s1", Destination: "/d1", Type: "bind", Options: ["rbind"] },
      { Source: "none", Destination: "/d2", Type: "tmpfs" },
    ],
    Network: { Type: "none" },
    Interface: { Types: ["docker.metricscollector/1.0"], Socket: "m.sock" },
  };
  const given = { ...host, propagatedMount: "/data/propagated", metricsDir: "/run/metrics" };
  expect(destinations(config, given)).toEqual([
    ...defaults,
    "/mnt/v",
    "/d1",
    "/d2",
    "/run/docker/plugins",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/run/docker/metrics",
  ]);
  const spec = pluginSpec(record(config), given);
  expect(spec.linux.rootfsPropagation).toBe("rshared");
  expect(spec.mounts.find((mount) => mount.destination === "/mnt/v")).toEqual({
    destination: "/mnt/v",
    type: "bind",
    source: "/data/propagated",
    options: ["rbind", "rw", "rshared"],
  });
});

test("a mount under /dev replaces the default one and stays itself", () => {
  const mounts = [{ Source: "/dev/shm", Destination: "/dev/shm", Type: "bind", Options: ["rbind"] }];
  const result = destinations({ Mounts: mounts });
  expect(result.filter((path) => path === "/dev/shm")).toHaveLength(1);
  expect(result.indexOf("/dev/shm")).toBe(result.length - 2);
});

test("a mount of /dev leaves the default ones below it", () => {
  const mounts = [{ Source: "/dev", Destination: "/dev", Type: "bind" }];
  expect(destinations({ Mounts: mounts })).toEqual([...defaults, "/dev", "/run/docker/plugins"]);
});

test("a mount's source is the setting's", () => {
  const config = { Mounts: [{ Name: "m", Source: "/a", Destination: "/d", Type: "bind" }] };
  const changed = record(config).config.Mounts.map((mount) => ({ ...mount, Source: "/b" }));
  const { mounts } = pluginSpec(record(config, { Mounts: changed }), host);
  expect(mounts.find((mount) => mount.destination === "/d")?.source).toBe("/b");
});

test("a mount without a source cannot be started", () => {
  const unset = record({ Mounts: [{ Name: "m", Destination: "/d", Type: "bind" }] });
  expect(() => pluginSpec(unset, host)).toThrow("mount source is not specified");
});

test.each([
  [{ Network: { Type: "host" } }, ["mount", "uts", "pid", "ipc"]],
  [{ Network: { Type: "bridge" } }, ["mount", "network", "uts", "pid", "ipc"]],
  [{ PidHost: true, IpcHost: true }, ["mount", "network", "uts"]],
])("%j gets the namespaces %j", (config, expected) => {
  expect(types(config)).toEqual(expected);
});

test("a prepared network namespace is joined", () => {
  const spec = pluginSpec(record({ Network: { Type: "bridge" } }), { ...host, networkNamespace: "/run/n" });
  expect(spec.linux.namespaces[1]).toEqual({ type: "network", path: "/run/n" });
});

test("a device comes with a rule that beats the refusal of fuse", () => {
  const fuse = {
    path: "/dev/fuse",
    type: "c",
    major: 10,
    minor: 229,
    fileMode: 384,
    uid: 0,
    gid: 0,
  } as const;
  const { linux } = pluginSpec(record({}), { ...host, devices: [fuse] });
  expect(linux.devices).toEqual([fuse]);
  expect(linux.resources.devices.slice(-2)).toEqual([
    { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
    { allow: true, type: "c", major: 10, minor: 229, access: "rwm" },
  ]);
});

test("AllowAllDevices replaces the device rules", () => {
  const { linux } = pluginSpec(record({ Linux: { AllowAllDevices: true } }), host);
  expect(linux.resources.devices).toEqual([{ allow: true, access: "rwm" }]);
});

test("whatever the config, nothing of its own precedes the defaults and the socket directory is mounted last but for name resolution", () => {
  const mount = fc.record({
    Source: fc.constantFrom("/a", "/b"),
    Destination: fc.constantFrom("/x", "/dev/shm", "/dev/pts", "/proc", "/dev"),
    Type: fc.constant("bind"),
  });
  fc.assert(
    fc.property(fc.array(mount, { maxLength: 6 }), fc.constantFrom("", "host", "x"), (Mounts, Type) => {
      const result = destinations({ Mounts, Network: { Type } });
      const own: readonly string[] = Mounts.map((item) => item.Destination);
      const kept = defaults.filter((path) => !path.startsWith("/dev/") || !own.includes(path));
      const tail = Type === "" ? [] : ["/etc/hosts", "/etc/resolv.conf"];
      expect(result).toEqual([...kept, ...own, "/run/docker/plugins", ...tail]);
    }),
  );
});
