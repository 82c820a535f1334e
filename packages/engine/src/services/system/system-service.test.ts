import { infoSchema, pluginConfigSchema, registryAuthSchema, versionSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import type { PluginRecord } from "../../core/plugin/record.ts";
import type { HostFacts } from "../../core/ports/host-facts.ts";
import type { Table } from "../../core/ports/state.ts";
import type { EngineFacts } from "./engine-facts.ts";
import { type SystemDependencies, SystemService } from "./system-service.ts";

const host: HostFacts = {
  hostname: "h",
  kernelVersion: "6.1.0",
  machine: "x86_64",
  operatingSystem: "Debian GNU/Linux 12 (bookworm)",
  osVersion: "12",
  cpus: 2,
  memoryBytes: 4e9,
  cgroupVersion: "1",
  cgroupControllers: ["memory", "cpu", "cpuset", "pids"],
  seccomp: true,
  apparmor: false,
  ipv4Forwarding: true,
};

const engine: EngineFacts = {
  id: "the-id",
  name: "Davit",
  version: "0.1.0",
  gitCommit: "abc",
  buildTime: "",
  apiVersion: "1.51",
  minApiVersion: "1.24",
  platformVersion: "node v24",
  architecture: "amd64",
  rootDir: "/var/lib/davit",
  debug: false,
  liveRestore: true,
  addressPools: [],
  labels: [],
  components: [{ name: "runc", version: "1.1.5" }],
  defaultRuntime: "runc",
  defaultLogDriver: "json-file",
  drivers: { volume: ["local"], network: ["bridge", "host", "none"], log: ["json-file"], authorization: [] },
  registries: { insecure: ["reg:5000", "10.0.0.0/8"], mirrors: [] },
  proxies: { http: "", https: "", none: "" },
};

const table = <RecordType>(records: readonly RecordType[]): Table<RecordType> => ({
  get: () => undefined,
  list: () => records,
  put: () => undefined,
  remove: () => undefined,
});

const digest = `sha256:${"0".repeat(64)}` as const;

const plugin = (name: string, enabled: boolean, type: string): PluginRecord => ({
  id: name,
  name,
  reference: name,
  enabled,
  timeoutSeconds: 0,
  config: pluginConfigSchema.parse({ Interface: { Types: [type], Socket: "s" } }),
  settings: { Args: [], Devices: [], Env: [], Mounts: [] },
  manifestDigest: digest,
  configDigest: digest,
  layers: [],
  rootfsKey: "k",
});

const service = (over: Partial<SystemDependencies> = {}): SystemService =>
  new SystemService({
    engine,
    state: {
      containers: table([]),
      images: table([]),
      plugins: table([
        plugin("z/vol:latest", true, "docker.volumedriver/1.0"),
        plugin("off:latest", false, "docker.volumedriver/1.0"),
        plugin("net:latest", true, "docker.networkdriver/1.0"),
      ]),
    },
    unmanaged: { used: (capability) => (capability === "volumedriver" ? ["byfile"] : []) },
    registry: { login: () => Promise.resolve("token") },
    readHostFacts: () => Promise.resolve(host),
    now: () => new Date(0),
    ...over,
  });

test("version says who it is, on what, and with what", async () => {
  const version = versionSchema.parse(await service().version());
  expect(version).toMatchObject({ Version: "0.1.0", ApiVersion: "1.51", MinAPIVersion: "1.24", Os: "linux" });
  expect(version.Components?.map(({ Name }) => Name)).toEqual(["Engine", "runc"]);
});

test("info lists enabled plugins and used ones that are not managed beside built-in drivers", async () => {
  const info = infoSchema.parse(await service().info());
  expect(info.Plugins).toEqual({
    Volume: ["byfile", "local", "z/vol:latest"],
    Network: ["bridge", "host", "net:latest", "none"],
    Authorization: null,
    Log: ["json-file"],
  });
});

test("info tells hosts and ranges of insecure registries apart", async () => {
  const { RegistryConfig } = await service().info();
  expect(RegistryConfig).toMatchObject({
    InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8", "10.0.0.0/8"],
    IndexConfigs: { "docker.io": { Official: true, Secure: true }, "reg:5000": { Secure: false } },
  });
});

test("info warns of what the host lacks", async () => {
  expect((await service().info()).Warnings).toEqual([]);
  const poor = { ...host, cgroupControllers: [], seccomp: false, ipv4Forwarding: false };
  const info = await service({ readHostFacts: () => Promise.resolve(poor) }).info();
  expect(info.Warnings).toHaveLength(3);
});

test("login passes the registry's token on", async () => {
  const { signal } = new AbortController();
  expect(await service().login(registryAuthSchema.parse({}), signal)).toEqual({
    IdentityToken: "token",
    Status: "Login Succeeded",
  });
});
