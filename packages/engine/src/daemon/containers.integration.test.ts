import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type ContainerCreateBody, containerCreateBodySchema } from "@davit/protocol";
import { busyboxRootfs, TempDir } from "@davit/testkit";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { TarArchives } from "../adapters/archives/tar-archives.ts";
import { compression } from "../adapters/compression/gzip.ts";
import { LinuxContainerFiles } from "../adapters/container-files/linux-container-files.ts";
import { DiskContentStore } from "../adapters/content/disk-content-store.ts";
import { RegistryClient } from "../adapters/distribution/registry-client.ts";
import { LinuxHost } from "../adapters/host/linux-host.ts";
import { SystemdJournal } from "../adapters/journal/systemd-journal.ts";
import { ConmonOutputFile } from "../adapters/logs/conmon-output-file.ts";
import { FifoLogPipes } from "../adapters/logs/fifo-log-pipes.ts";
import { JsonFileLogs } from "../adapters/logs/json-file-log.ts";
import { K8sFileLogs } from "../adapters/logs/k8s-file-logs.ts";
import { LinuxMountFiles } from "../adapters/mount-files/linux-mount-files.ts";
import { FreePorts } from "../adapters/network/free-ports.ts";
import { LinuxSandboxes } from "../adapters/network/linux-sandboxes.ts";
import { SocatNameServers } from "../adapters/network/socat-name-servers.ts";
import { ConmonInput } from "../adapters/process-input/conmon-input.ts";
import { ConmonRuntime } from "../adapters/runtime/conmon-runtime.ts";
import { RuncControl } from "../adapters/runtime/runc-control.ts";
import { OverlaySnapshots } from "../adapters/snapshots/overlay-snapshots.ts";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import type { EventFact } from "../core/events.ts";
import { Layout } from "../core/layout.ts";
import { DefaultIpam } from "../core/network/default-ipam.ts";
import type { Logger } from "../core/ports/logger.ts";
import type { Output } from "../services/containers/container-output.ts";
import { type ContainerServices, containerServices } from "../services/containers/container-services.ts";
import type { PluginEndpoints } from "../services/endpoints/plugin-endpoint.ts";
import { GarbageCollector } from "../services/garbage/garbage-collector.ts";
import { type ImageServices, imageServices } from "../services/images/image-services.ts";
import { ContainerLogs } from "../services/logs/container-logs.ts";
import { LogDrivers } from "../services/logs/log-drivers.ts";
import { networkServices } from "../services/networks/network-services.ts";
import { loadNetworks } from "../services/networks/predefined-networks.ts";
import type { ContainerVolumes } from "../services/volumes/container-volumes.ts";

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

const noEndpoints: PluginEndpoints = {
  canonicalName: (typed) => typed,
  get: () => Promise.reject(new Error("there are no plugins here")),
  waitFor: () => Promise.reject(new Error("there are no plugins here")),
  names: async () => [],
};

const missing = () => Promise.reject(new Error("there are no drivers"));
const noDrivers = { get: missing, waitFor: missing };
const unused = (): never => {
  throw new Error("not used");
};

/** Directories as volumes, and a log of what was asked. */
class DirectoryVolumes implements ContainerVolumes {
  readonly log: string[] = [];
  readonly #root: string;
  readonly #uses = new Map<string, Map<string, string>>();

  constructor(root: string) {
    this.#root = root;
  }

  async acquire(
    { name }: { readonly name: string },
    { containerId, destination }: { readonly containerId: string; readonly destination: string },
  ) {
    if (name === "broken") throw new Error("broken volume");
    const uses = this.#uses.get(containerId) ?? new Map<string, string>();
    this.#uses.set(containerId, uses.set(destination, name));
    this.log.push(`acquire ${name}`);
    return { name, driver: "local", options: {}, labels: {}, createdAt: "", pending: undefined };
  }
  async mount(containerId: string, destination: string): Promise<string> {
    const name = this.#uses.get(containerId)?.get(destination) ?? "";
    await mkdir(`${this.#root}/${name}`, { recursive: true });
    this.log.push(`mount ${name}`);
    return `${this.#root}/${name}`;
  }
  async unmountAll(containerId: string): Promise<void> {
    for (const name of this.#uses.get(containerId)?.values() ?? []) this.log.push(`unmount ${name}`);
  }
  async release(containerId: string): Promise<void> {
    for (const name of this.#uses.get(containerId)?.values() ?? []) this.log.push(`release ${name}`);
    this.#uses.delete(containerId);
  }
  async mountpoint(name: string): Promise<string> {
    return `${this.#root}/${name}`;
  }
}

let dir: TempDir;
let layout: Layout;
let runtime: ConmonRuntime;
let images: ImageServices;
let services: ContainerServices;
let volumes: DirectoryVolumes;
const state = new SqliteState(":memory:");
const events: EventFact[] = [];
const never = new AbortController().signal;

/** As an engine that starts: on the same directories, and the same state. */
async function startEngine(): Promise<void> {
  const host = new LinuxHost();
  const content = new DiskContentStore(layout.content);
  const snapshots = await OverlaySnapshots.open(layout.snapshots, { logger: silent });
  const garbage = new GarbageCollector({ state, content, snapshots }, silent);
  const publisher = { publish: (fact: EventFact) => void events.push(fact) };
  const registry = new RegistryClient({ insecureRegistries: [], registryMirrors: [], userAgent: "test" });
  const common = { state, content, snapshots, garbage, events: publisher, logger: silent };
  const platform = { os: "linux", architecture: "amd64" };
  images = imageServices({
    ...common,
    registry,
    archives: new TarArchives({ tempDir: dir.join("t") }),
    compression,
    platform,
  });
  const network = networkServices({
    ...common,
    drivers: noDrivers,
    ipamDrivers: noDrivers,
    sandboxes: new LinuxSandboxes({ dir: dir.join("n") }),
    hostPorts: new FreePorts(),
    nameServers: new SocatNameServers({ dir: dir.join("names"), logger: silent }),
    host,
    logger: silent,
  });
  const ipam = new DefaultIpam({ pools: [], routes: () => Promise.resolve([]), uniqueLocalPrefix: unused });
  loadNetworks({ state, logger: silent }, ipam, { name: "none", subnet: "" });
  const logs = new K8sFileLogs();
  const journal = new SystemdJournal({ socketPath: dir.join("journal"), logger: silent });
  const logDrivers = new LogDrivers({
    journal,
    endpoints: noEndpoints,
    defaults: { Type: "json-file", Config: {} },
  });
  services = containerServices({
    ...common,
    runtime,
    logs,
    containerLogs: new ContainerLogs({
      layout,
      logs,
      output: new ConmonOutputFile(),
      jsonLogs: new JsonFileLogs(silent),
      journal,
      pipes: new FifoLogPipes(),
      host,
      drivers: logDrivers,
      onDropped: () => undefined,
      logger: silent,
    }),
    logDrivers,
    input: new ConmonInput({ socatPath: "/usr/bin/socat" }),
    files: new LinuxContainerFiles(),
    mountFiles: new LinuxMountFiles(),
    architecture: platform.architecture,
    control: new RuncControl({
      runcPath: "/usr/sbin/runc",
      conmonPath: "/usr/bin/conmon",
      stateRoot: dir.join("x/runc"),
    }),
    host,
    networks: network.ofContainers,
    networkCatalog: network.networks,
    layout,
    logger: silent,
    volumes,
    images: images.images,
  });
  await services.restore(Promise.resolve());
}

beforeAll(async () => {
  dir = await TempDir.create("ct");
  layout = new Layout({ data: dir.join("d"), exec: dir.join("x"), pluginSockets: dir.join("p") });
  volumes = new DirectoryVolumes(dir.join("v"));
  runtime = new ConmonRuntime({
    runcPath: "/usr/sbin/runc",
    conmonPath: "/usr/bin/conmon",
    stateRoot: dir.join("x/runc"),
    exitDir: dir.join("x/exits"),
    persistDir: dir.join("x/processes"),
    logger: silent,
  });
  await startEngine();
  const tar = await busyboxRootfs();
  const source = (async function* () {
    yield tar;
  })();
  const request = { repository: "bb", tag: "", message: "", changes: ["ENV FROM=image"], platform: "" };
  await images.importer.import({ ...request, source, signal: never }, () => undefined);
});

afterAll(async () => {
  await services.close();
  for (const { id } of state.containers.list()) {
    await services.lifecycle.remove(id, { force: true, removeAnonymous: true });
  }
  await dir[Symbol.asyncDispose]();
});

interface Wish extends Partial<Omit<ContainerCreateBody, "HostConfig">> {
  readonly HostConfig?: object;
}

async function create(script: string, { HostConfig, ...more }: Wish = {}, name = ""): Promise<string> {
  const body = containerCreateBodySchema.parse({
    Image: "bb",
    Cmd: ["/bin/sh", "-c", script],
    HostConfig: { NetworkMode: "none", ...HostConfig },
    ...more,
  });
  const { id } = await services.containers.create(body, { name });
  return id;
}

async function text({ chunks }: Output, wanted?: "stdout" | "stderr"): Promise<string> {
  let whole = "";
  for await (const { stream, bytes } of chunks) {
    if (wanted === undefined || stream === wanted) whole += Buffer.from(bytes).toString();
  }
  return whole;
}

const everything = { stdout: true, stderr: true, logs: false, stream: true };
const logs = async (id: string, more: object = {}): Promise<string> =>
  text(
    await services.output.logs(
      id,
      {
        stdout: true,
        stderr: true,
        follow: false,
        timestamps: false,
        details: false,
        tail: undefined,
        since: undefined,
        until: undefined,
        ...more,
      },
      never,
    ),
  );

/** As `docker run`: attach, wait, start. */
async function run(script: string, wish: Wish = {}) {
  const id = await create(script, wish);
  const output = text(services.output.attach(id, everything, never));
  const exit = services.lifecycle.wait(id, "next-exit", never);
  await services.lifecycle.start(id);
  return { id, output: await output, exitCode: await exit };
}

const happenedTo = (id: string): readonly string[] =>
  events.filter((event) => event.id === id).map(({ action }) => action);

test("runs a program with its environment and gives output and exit code once each", async () => {
  const { id, output, exitCode } = await run("echo $FROM $A; pwd; id -u; hostname; exit 7", {
    Env: ["A=1"],
    WorkingDir: "/tmp",
    User: "12",
    Hostname: "ship",
  });
  expect(output).toBe("image 1\n/tmp\n12\nship\n");
  expect(exitCode).toBe(7);
  expect(await services.containers.inspect(id, { size: false })).toMatchObject({
    State: { Status: "exited", Running: false, Pid: 0, ExitCode: 7, Error: "" },
    Config: { Env: ["A=1", "FROM=image"], Hostname: "ship" },
  });
  expect(happenedTo(id)).toEqual(["create", "attach", "start", "die"]);
});

test("a second run gives its own output, and the log has both", async () => {
  const { id, output } = await run("date +%N >/tmp/$$; ls /tmp | wc -l");
  expect(output).toBe("1\n");
  const again = text(services.output.attach(id, everything, never));
  await services.lifecycle.start(id);
  // PID 1 both times, on what the first run wrote.
  expect(await again).toBe("1\n");
  expect(await logs(id)).toBe("1\n1\n");
});

test("the two streams stay apart, and a line without an end comes whole", async () => {
  const id = await create("echo out; echo err >&2; printf end");
  const attached = services.output.attach(id, everything, never);
  await services.lifecycle.start(id);
  expect(await text(attached, "stderr")).toBe("err\n");
  const stdout = services.output.attach(id, { ...everything, logs: true, stream: false }, never);
  expect(await text(stdout, "stdout")).toBe("out\nend");
});

test.each([
  ["nosuch", 127, /executable file not found/],
  ["/etc", 126, /permission denied|is a directory/],
])("a program that is %s cannot be started: exit code %i", async (program, exitCode, message) => {
  const id = await create("", { Cmd: [program] });
  await expect(services.lifecycle.start(id)).rejects.toThrow(message);
  expect(await services.containers.inspect(id, { size: false })).toMatchObject({
    State: { Status: "created", ExitCode: exitCode, Error: expect.stringMatching(message) },
  });
  expect(await new LinuxHost().mountsBelow(layout.container(id).rootfs)).toEqual([]);
  expect((await runtime.state("moby", id)).status).toBe("absent");
});

test("a volume is mounted for the run, and released with the container", async () => {
  volumes.log.length = 0;
  const { id } = await run("echo hi > /data/f", { HostConfig: { Binds: ["vol:/data"] } });
  expect(await readFile(dir.join("v/vol/f"), "utf8")).toBe("hi\n");
  await services.lifecycle.remove(id, { force: false, removeAnonymous: true });
  expect(volumes.log).toEqual(["acquire vol", "mount vol", "unmount vol", "release vol"]);
  expect(happenedTo(id)).toEqual(["create", "attach", "start", "die", "destroy"]);
});

test("a container that cannot be created leaves nothing behind", async () => {
  volumes.log.length = 0;
  const before = state.containers.list().length;
  await expect(create("", { HostConfig: { Binds: ["a:/a", "broken:/b"] } })).rejects.toThrow("broken volume");
  expect(volumes.log).toEqual(["acquire a", "release a"]);
  expect(state.containers.list().length).toBe(before);
});

test("--rm removes it with its last output read, and tells who waits for the removal", async () => {
  const id = await create("seq 1000; exit 3", { HostConfig: { AutoRemove: true } });
  const output = text(services.output.attach(id, everything, never));
  const removed = services.lifecycle.wait(id, "removed", never);
  await services.lifecycle.start(id);
  expect((await output).split("\n").length).toBe(1001);
  expect(await removed).toBe(3);
  expect(() => services.containers.resolve(id)).toThrow(`No such container: ${id}`);
  expect(await new LinuxHost().pathExists(layout.container(id).dir)).toBe(false);
});

test("stop sends its signal, and kills what does not listen", async () => {
  const polite = await create("trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.1; done");
  const stubborn = await create("trap '' TERM; echo up; while :; do sleep 0.1; done");
  for (const id of [polite, stubborn]) {
    const { chunks } = services.output.attach(id, everything, never);
    await services.lifecycle.start(id);
    for await (const _up of chunks) break;
  }
  expect(await services.lifecycle.stop(polite, { timeoutSeconds: 30 })).toBe("stopped");
  expect(await services.lifecycle.stop(stubborn, { timeoutSeconds: 0 })).toBe("stopped");
  expect(await services.lifecycle.stop(stubborn)).toBe("not-running");
  expect(await logs(polite)).toBe("up\nbye\n");
  expect(await logs(polite, { tail: 1, timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z bye\n$/);
  expect([polite, stubborn].map((id) => services.containers.resolve(id).exitCode)).toEqual([4, 137]);
  expect(happenedTo(stubborn)).toEqual(["create", "attach", "start", "kill", "kill", "die", "stop"]);
});

test("a running container is not removed unless by force, and its name is taken", async () => {
  const id = await create("sleep 1000", {}, "taken");
  await services.lifecycle.start(id);
  expect(await services.lifecycle.start(id)).toBe("already-running");
  await expect(create("true", {}, "taken")).rejects.toMatchObject({ kind: "conflict" });
  await expect(services.lifecycle.remove("taken", { force: false, removeAnonymous: false })).rejects.toThrow(
    `You cannot remove a running container ${id}`,
  );
  await expect(images.images.remove("bb", { force: false })).rejects.toThrow("is using its referenced image");
  await services.lifecycle.remove("taken", { force: true, removeAnonymous: false });
  await expect(services.lifecycle.kill(id, "")).rejects.toMatchObject({ kind: "not-found" });
});

/** As on a full disk: no record of a container is written. The promise resolves with the second that was refused. */
function refuseRecords(): { readonly refusedTwice: Promise<void>; readonly accept: () => void } {
  const { promise: refusedTwice, resolve } = Promise.withResolvers<void>();
  let refused = 0;
  const put = vi.spyOn(state.containers, "put").mockImplementation(() => {
    refused += 1;
    if (refused === 2) resolve();
    throw new Error("database or disk is full");
  });
  return { refusedTwice, accept: () => put.mockRestore() };
}

test("an exit that cannot be written down is written down later", async () => {
  const id = await create("sleep 1000");
  await services.lifecycle.start(id);
  const exit = services.lifecycle.wait(id, "next-exit", never);
  const disk = refuseRecords();
  try {
    await runtime.kill("moby", id, "SIGKILL");
    await disk.refusedTwice;
    expect(services.containers.resolve(id).status).toBe("running");
  } finally {
    disk.accept();
  }
  expect(await exit).toBe(137);
  expect(services.containers.resolve(id)).toMatchObject({ status: "exited", exitCode: 137 });
});

test("an engine that stops does not wait for an exit that it cannot write down; the next one does it", async () => {
  const id = await create("exec sleep 1000", { StopSignal: "SIGKILL" });
  await services.lifecycle.start(id);
  const disk = refuseRecords();
  try {
    await services.lifecycle.stopAll();
    await services.close();
  } finally {
    disk.accept();
  }
  expect(services.containers.resolve(id).status).toBe("running");
  await startEngine();
  expect(services.containers.resolve(id)).toMatchObject({ status: "exited", exitCode: 137 });
});

test("an engine that starts anew adopts what runs, and settles what has ended meanwhile", async () => {
  volumes.log.length = 0;
  const script = "echo begin; while [ ! -e /data/go ]; do sleep 0.05; done; echo end; exit 9";
  const live = await create(script, { HostConfig: { Binds: ["live:/data"] } });
  const dead = await create(script, { HostConfig: { Binds: ["dead:/data"] } });
  for (const id of [live, dead]) await services.lifecycle.start(id);
  await services.close();
  await writeFile(dir.join("v/dead/go"), "");
  await runtime.waitForExit("moby", dead);
  await startEngine();
  expect(services.containers.resolve(dead)).toMatchObject({ status: "exited", exitCode: 9, pid: 0 });
  expect(await logs(dead)).toBe("begin\nend\n");
  expect(services.containers.resolve(live).status).toBe("running");
  const followed = logs(live, { follow: true });
  const exit = services.lifecycle.wait(live, "next-exit", never);
  await writeFile(dir.join("v/live/go"), "");
  expect(await exit).toBe(9);
  expect(await followed).toBe("begin\nend\n");
  expect(volumes.log.filter((line) => line.startsWith("unmount"))).toEqual(["unmount dead", "unmount live"]);
});

test("standard input reaches the program, and its end too", async () => {
  const id = await create("cat; echo done", { OpenStdin: true, StdinOnce: true });
  const output = text(services.output.attach(id, everything, never));
  const source = (async function* () {
    yield Buffer.from("a\n");
    yield Buffer.alloc(100_000, "x");
  })();
  const sent = services.output.input(id, source, never);
  await services.lifecycle.start(id);
  expect(await output).toBe(`a\n${"x".repeat(100_000)}done\n`);
  await sent;
});

test("a client that sends nothing does not hold up the end", async () => {
  const id = await create("exit 3", { OpenStdin: true });
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
  };
  const sent = services.output.input(id, source, never);
  await services.lifecycle.start(id);
  await sent;
  expect(await services.lifecycle.wait(id, "not-running", never)).toBe(3);
});

test("a terminal has the size it is told", async () => {
  const id = await create("read line; stty size", { OpenStdin: true, Tty: true });
  const output = text(services.output.attach(id, everything, never));
  const { promise: resized, resolve } = Promise.withResolvers<void>();
  const source = (async function* () {
    await resized;
    yield Buffer.from("go\n");
  })();
  const sent = services.output.input(id, source, never);
  await services.lifecycle.start(id);
  await services.lifecycle.resize(id, { rows: 33, columns: 99 });
  resolve();
  expect(await output).toBe("go\r\n33 99\r\n");
  await sent;
});

test("the default network says how to do without where there is none", async () => {
  const id = await create("true", { HostConfig: { NetworkMode: "default" } });
  await expect(services.lifecycle.start(id)).rejects.toThrow(
    "network bridge not found: the daemon runs without it (use --network none, --network host or a network of your own)",
  );
});
