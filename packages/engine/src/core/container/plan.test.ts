import { containerCreateBodySchema, type ImageConfig, imageConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { planContainer } from "./plan.ts";
import { sampleRecord } from "./sample-record.ts";

const image = imageConfigSchema.parse({
  rootfs: { type: "layers", diff_ids: [] },
  config: {
    User: "app",
    Env: ["PATH=/bin", "A=image"],
    Entrypoint: ["/entry"],
    Cmd: ["default"],
    WorkingDir: "/srv",
    Labels: { a: "image", b: "image" },
    Volumes: { "/data": {} },
    ExposedPorts: { "80/tcp": {} },
    StopSignal: "SIGINT",
  },
});
const other = sampleRecord({
  id: "e".repeat(64),
  mounts: [
    {
      type: "bind",
      source: "/src",
      destination: "/bound",
      readOnly: false,
      propagation: "rprivate",
      mode: "",
    },
    {
      type: "volume",
      volume: "v",
      driver: "d",
      destination: "/data",
      readOnly: false,
      propagation: "",
      mode: "z",
    },
  ],
});
const planOf = (body: object, ofImage: ImageConfig) =>
  planContainer(containerCreateBodySchema.parse({ Image: "i", ...body }), ofImage, {
    id: "f".repeat(64),
    hostOfEngine: "ship",
    logDefaults: { Type: "json-file", Config: {} },
    groups: {
      version: "1",
      cpus: 2,
      swapLimit: true,
      swappiness: true,
      oomKillDisable: true,
      blockWeight: false,
    },
    find: (typed) => {
      if (typed === "other") return other;
      throw new Error(`No such container: ${typed}`);
    },
  });

const plan = (body: object) => planOf(body, image);

test("what the request leaves open comes from the image", () => {
  const { config, mounts, networkMode } = plan({});
  expect(config).toMatchObject({
    hostname: "ffffffffffff",
    user: "app",
    env: ["PATH=/bin", "A=image"],
    entrypoint: ["/entry"],
    cmd: ["default"],
    workingDir: "/srv",
    labels: { a: "image", b: "image" },
    exposedPorts: ["80/tcp"],
    stopSignal: "SIGINT",
    stopTimeoutSeconds: 10,
  });
  expect(mounts.map(({ mount }) => mount.destination)).toEqual(["/data"]);
  expect(networkMode).toBe("bridge");
});

test("the request wins over the image, by variable and by label", () => {
  const { config } = plan({ Env: ["A=mine", "PATH", "C="], Labels: { a: "mine" }, User: "0", Cmd: ["x"] });
  expect(config.env).toEqual(["A=mine", "C="]);
  expect(config.labels).toEqual({ a: "mine", b: "image" });
  expect([config.user, ...config.entrypoint, ...config.cmd]).toEqual(["0", "/entry", "x"]);
});

test.each([
  [{ Entrypoint: ["/mine"] }, ["/mine"], []],
  [{ Entrypoint: ["/mine"], Cmd: ["x"] }, ["/mine"], ["x"]],
  [{ Entrypoint: [""], Cmd: ["x"] }, [], ["x"]],
])("%j runs %j with %j", (body, entrypoint, cmd) => {
  expect(plan(body).config).toMatchObject({ entrypoint, cmd });
});

test("on the host's network it has the host's name", () => {
  expect(plan({ HostConfig: { NetworkMode: "host" } }).config.hostname).toBe("ship");
  expect(plan({ HostConfig: { NetworkMode: "host" }, Hostname: "h" }).config.hostname).toBe("h");
});

test.each([
  [{ Entrypoint: [""] }, "No command specified"],
  [{ WorkingDir: "x" }, "the working directory 'x' is invalid, it needs to be an absolute path"],
  [{ StopSignal: "SIGODD" }, "Invalid signal: SIGODD"],
  [{ Env: ["=x"] }, "invalid environment variable: =x"],
  [{ HostConfig: { CapAdd: ["ODD"] } }, 'invalid CapAdd: unknown capability: "CAP_ODD"'],
  [{ HostConfig: { AutoRemove: true, RestartPolicy: { Name: "always" } } }, "can't create 'AutoRemove'"],
  [{ HostConfig: { VolumesFrom: ["x"] } }, "No such container: x"],
  [{ HostConfig: { VolumesFrom: ["other:xx"] } }, "invalid mode: xx"],
  [{ HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "99999" }] } } }, "invalid port specification"],
  [{ HostConfig: { Memory: 1 } }, "Minimum memory limit allowed is 6MB"],
  [
    { HostConfig: { Memory: 1e8, MemorySwap: 5e7 } },
    "Minimum memoryswap limit should be larger than memory limit, see usage",
  ],
  [
    { HostConfig: { MemorySwap: 5e7 } },
    "You should always set the Memory limit when using Memoryswap limit, see usage",
  ],
  [
    { HostConfig: { NanoCpus: 3e9 } },
    "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available",
  ],
  [{ HostConfig: { CpusetCpus: "0,2" } }, "Requested CPUs are not available - requested 0,2, available: 0-1"],
  [{ HostConfig: { CpusetCpus: "x" } }, "Invalid value x for cpuset cpus: invalid format: x"],
  [{ HostConfig: { OomScoreAdj: 2000 } }, "Invalid value 2000, range for oom score adj is [-1000, 1000]"],
  [{ HostConfig: { Ulimits: [{ Name: "odd" }] } }, "invalid ulimit type: odd"],
  [{ HostConfig: { IpcMode: "odd" } }, "Invalid IPC mode: odd"],
  [{ HostConfig: { PidMode: "container:" } }, "invalid PID mode: container:"],
  [{ HostConfig: { IpcMode: "container:x" } }, "No such container: x"],
  [{ Hostname: "h", HostConfig: { UTSMode: "host" } }, "conflicting options: hostname and the UTS mode"],
  [
    { Hostname: "h", HostConfig: { NetworkMode: "container:other" } },
    "conflicting options: hostname and the network mode",
  ],
  [
    { HostConfig: { NetworkMode: "container:other", Dns: ["1.1.1.1"] } },
    "conflicting options: dns and the network mode",
  ],
  [
    { HostConfig: { NetworkMode: "container:" } },
    "Invalid network mode: invalid container format container:<name|id>",
  ],
  [{ HostConfig: { SecurityOpt: ["odd"] } }, 'invalid --security-opt 1: "odd"'],
  [{ HostConfig: { SecurityOpt: ["odd=x"] } }, 'invalid --security-opt 2: "odd=x"'],
  [{ HostConfig: { SecurityOpt: ["seccomp={"] } }, "Decoding seccomp profile failed: "],
  [{ HostConfig: { SecurityOpt: ["seccomp={}"] } }, "Decoding seccomp profile failed: defaultAction: "],
  [{ HostConfig: { StorageOpt: { size: "1g" } } }, "--storage-opt is not supported"],
  [
    { HostConfig: { DeviceRequests: [{ Count: -1, Capabilities: [["gpu"]] }] } },
    'could not select device driver "" with capabilities: [[gpu]]',
  ],
  [{ HostConfig: { Runtime: "odd" } }, "unknown or invalid runtime name: odd"],
  [{ HostConfig: { RestartPolicy: { Name: "odd" } } }, "invalid restart policy: unknown policy 'odd'"],
  [{ HostConfig: { DeviceCgroupRules: ["odd"] } }, "invalid device cgroup rule format: 'odd'"],
  [{ Healthcheck: { Test: ["CMD", "x"], Interval: 1 } }, "Interval in Healthcheck cannot be less than 1ms"],
  [{ Healthcheck: { Test: ["ODD"] } }, "Unknown healthcheck type 'ODD' (expected 'CMD')"],
])("%j is refused", (body, message) => {
  expect(() => plan(body)).toThrow(message);
});

test("says what it ignores, and what the host cannot limit", () => {
  const HostConfig = {
    BlkioWeight: 500,
    SecurityOpt: ["apparmor=x", "label=disable"],
    OomKillDisable: true,
  };
  expect(plan({ HostConfig }).warnings).toEqual([
    "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
    "The security option apparmor=x is not supported and was ignored.",
  ]);
});

test("what is limited without a word on swap may swap as much again", () => {
  expect(plan({ HostConfig: { Memory: 1e8 } }).hostConfig.MemorySwap).toBe(2e8);
  expect(plan({ HostConfig: { Memory: 1e8, MemorySwap: -1 } }).hostConfig.MemorySwap).toBe(-1);
});

test("containers that it shares with are kept by their IDs", () => {
  const { hostConfig, networkMode, config } = plan({
    HostConfig: { NetworkMode: "container:other", PidMode: "container:other", IpcMode: "container:other" },
  });
  const shared = `container:${other.id}`;
  expect(hostConfig).toMatchObject({ NetworkMode: shared, PidMode: shared, IpcMode: shared });
  expect([networkMode, config.hostname]).toEqual(["container", "box"]);
});

test("mounts of another container come in where nothing else is mounted", () => {
  const mountsOf = (HostConfig: object) =>
    plan({ HostConfig }).mounts.map(({ mount }) => [
      mount.destination,
      mount.source ?? mount.volume,
      mount.readOnly,
    ]);
  expect(mountsOf({ VolumesFrom: ["other"] })).toEqual([
    ["/bound", "/src", false],
    ["/data", "v", false],
  ]);
  expect(mountsOf({ VolumesFrom: ["other:ro"], Binds: ["/mine:/bound"] })).toEqual([
    ["/bound", "/mine", false],
    ["/data", "v", true],
  ]);
});

test("a health check is the image's where the request leaves it open", () => {
  const ofImage = { Test: ["CMD", "a"], Interval: 2_000_000, Retries: 5 };
  const withCheck = imageConfigSchema.parse({ ...image, config: { ...image.config, Healthcheck: ofImage } });
  const check = (Healthcheck?: object) => planOf({ Healthcheck }, withCheck).config.healthcheck;
  expect(check()).toMatchObject({ test: ["CMD", "a"], intervalNs: 2_000_000, retries: 5 });
  expect(check({ Retries: 2 })).toMatchObject({ test: ["CMD", "a"], intervalNs: 2_000_000, retries: 2 });
  expect(check({ Test: ["NONE"] })?.test).toEqual(["NONE"]);
  expect(plan({}).config.healthcheck).toBeUndefined();
});
