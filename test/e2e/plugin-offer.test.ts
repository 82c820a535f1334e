import { once } from "node:events";
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  busyboxRootfs,
  type CommandResult,
  type PluginServer,
  peerEnvironment,
  pluginPid,
  repository,
  runCommand,
  startDockerd,
  startPluginServer,
  TestPodman,
  writeRelayPlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
const socketDir = (): string => join(engine().dir, "p");
const door = (name: string): string => join(socketDir(), `${name}.sock`);

const davit = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand(join(repository, "bin/davit"), args, {
    env: {
      ...peerEnvironment(),
      HOME: engine().dir,
      DAVIT_HOST: `unix://${engine().socket}`,
      DOCKER_HOST: `unix://${engine().socket}`,
    },
  });

async function ok(...args: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await davit(...args);
  if (exitCode !== 0) throw new Error(`davit ${args.join(" ")}: ${stderr}`);
  return stdout.trimEnd();
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

/** One call at a door, as another engine makes it. */
async function call(socket: string, path: string, body = "", verb = "POST"): Promise<Answer> {
  const asking = request({
    socketPath: socket,
    path,
    method: verb,
    agent: false,
    headers: { "content-length": Buffer.byteLength(body) },
  });
  // One that comes after the answer has begun is the answer's.
  asking.on("error", () => undefined);
  asking.end(body);
  const [response] = await once(asking, "response");
  return { status: response.statusCode, body: await text(response) };
}

const sockets = async (): Promise<readonly string[]> =>
  (await readdir(socketDir())).filter((name) => !/^[0-9a-f]{64}$/.test(name));

beforeAll(async () => {
  await engine().ok(["plugin", "create", "acme/files:v1", davitd.plugin]);
  await engine().ok(["plugin", "enable", "acme/files:v1"]);
});

describe("a plugin that is offered", () => {
  test("appears under the last part of its name, and is listed and inspected with it", async () => {
    expect(await ok("plugin", "ls")).not.toContain("OFFERED");
    expect(await ok("plugin", "offer", "acme/files:v1")).toBe(door("files"));
    expect((await lstat(door("files"))).isSocket()).toBe(true);
    expect(await sockets()).toEqual(["files.sock"]);
    expect(await ok("plugin", "ls")).toMatch(/ENABLED +OFFERED AS\n.* true +files$/);
    expect(await ok("plugin", "ls", "--format", "{{.Name}} {{.OfferedAs}}")).toBe("acme/files:v1 files");
    expect(await ok("plugin", "inspect", "--format", "{{.OfferedAs}}", "acme/files:v1")).toBe("files");
  });

  test("says what it is, for which the plugin is not asked", async () => {
    const answer = await call(door("files"), "/Plugin.Activate");
    expect(answer).toEqual({ status: 200, body: '{"Implements":["VolumeDriver"]}\n' });
    const calls = await readFile(join(await hostRoot(), "calls.log"), "utf8").catch(() => "");
    expect(calls).not.toContain("Activate");
  });

  test("is no further driver for the engine that offers it", async () => {
    await call(door("files"), "/VolumeDriver.Create", '{"Name":"once","Opts":null}');
    const volumes = await engine().ok(["volume", "ls", "--format", "{{.Driver}} {{.Name}}"]);
    expect(volumes).toBe("acme/files:v1 once");
    const { stderr } = await engine().docker(["volume", "create", "--driver", "files", "other"]);
    expect(stderr).toContain('plugin "files" not found');
    const drivers = await engine().ok(["info", "--format", "{{.Plugins.Volume}}"]);
    expect(drivers).not.toContain(" files");
    await call(door("files"), "/VolumeDriver.Remove", '{"Name":"once"}');
  });

  test("answers paths of the host", async () => {
    const root = await hostRoot();
    await call(door("files"), "/VolumeDriver.Create", '{"Name":"v","Opts":null}\n');
    const path = join(root, "volumes/v");
    expect(
      JSON.parse((await call(door("files"), "/VolumeDriver.Mount", '{"Name":"v","ID":"1"}')).body),
    ).toEqual({ Mountpoint: path, Err: "" });
    expect(JSON.parse((await call(door("files"), "/VolumeDriver.Path", '{"Name":"v"}')).body)).toEqual({
      Mountpoint: path,
      Err: "",
    });
    expect(JSON.parse((await call(door("files"), "/VolumeDriver.Get", '{"Name":"v"}')).body)).toMatchObject({
      Volume: { Name: "v", Mountpoint: path },
    });
    expect(JSON.parse((await call(door("files"), "/VolumeDriver.List", "{}")).body)).toMatchObject({
      Volumes: [{ Name: "v", Mountpoint: path }],
    });
    await call(door("files"), "/VolumeDriver.Unmount", '{"Name":"v","ID":"1"}');
    await call(door("files"), "/VolumeDriver.Remove", '{"Name":"v"}');
  });

  test("gives nothing that is not its own, whatever it answers", async () => {
    const options = JSON.stringify({ Name: "out", Opts: { path: "/data/escape", link: "/etc" } });
    await call(door("files"), "/VolumeDriver.Create", options);
    const { status, body } = await call(door("files"), "/VolumeDriver.Mount", '{"Name":"out","ID":"1"}');
    expect(status === 500 || JSON.parse(body).Mountpoint.startsWith(engine().dataRoot)).toBe(true);
    await call(door("files"), "/VolumeDriver.Remove", '{"Name":"out"}');
  });

  test.for([
    ["GET", "/VolumeDriver.List", 405],
    ["POST", "/LogDriver.StartLogging", 404],
    ["POST", "/VolumeDriver.Nothing", 404],
    ["POST", "/", 404],
    ["POST", "/../VolumeDriver.List", 404],
    ["POST", "/VolumeDriver.List?x=1", 404],
    ["POST", "/VolumeDriver.List/x", 404],
  ] as const)("answers %s %s with %i", async ([verb, path, status]) => {
    expect((await call(door("files"), path, "", verb)).status).toBe(status);
  });

  test("refuses a request that is too large, and goes on", async () => {
    const answer = await call(door("files"), "/VolumeDriver.Create", "x".repeat(17 * 1024 * 1024)).catch(
      () => undefined,
    );
    expect(answer?.status ?? 413).toBe(413);
    expect((await call(door("files"), "/VolumeDriver.List")).status).toBe(200);
  });

  test("is there exactly while it is up", async () => {
    await engine().ok(["plugin", "disable", "acme/files:v1"]);
    expect(await sockets()).toEqual([]);
    await engine().ok(["plugin", "enable", "acme/files:v1"]);
    expect(await sockets()).toEqual(["files.sock"]);
    await engine().stop();
    expect(await sockets()).toEqual([]);
    await engine().start();
    await engine().line("Daemon has completed initialization");
    expect(await sockets()).toEqual(["files.sock"]);
    const mark = engine().log.length;
    process.kill(await pluginPid(engine(), "acme/files:v1"), "SIGKILL");
    await engine().line("plugin is up again", mark);
    expect((await call(door("files"), "/VolumeDriver.List")).status).toBe(200);
  });

  test("is reached again when a new daemon follows one that was killed", async () => {
    await engine().kill();
    expect(await sockets()).toEqual(["files.sock"]);
    await expect(call(door("files"), "/VolumeDriver.List")).rejects.toThrow("ECONNREFUSED");
    await engine().start();
    await engine().line("Daemon has completed initialization");
    expect((await call(door("files"), "/VolumeDriver.List")).status).toBe(200);
  });

  test("is offered under another name when it is offered again, and keeps it when it is refused one", async () => {
    expect(await ok("plugin", "offer", "acme/files:v1", "store")).toBe(door("store"));
    expect(await sockets()).toEqual(["store.sock"]);
    await writeFile(door("mine"), "");
    const blocked = createServer().listen(door("served"));
    await once(blocked, "listening");
    try {
      for (const [name, message] of [
        ["mine", "is there already, and not from here"],
        ["served", "is there already, and not from here"],
        ["../x", "is no name for it"],
      ] as const) {
        const { stderr, exitCode } = await davit("plugin", "offer", "acme/files:v1", name);
        expect(stderr).toContain(message);
        expect(exitCode).toBe(1);
      }
    } finally {
      blocked.close();
    }
    expect((await call(door("store"), "/VolumeDriver.List")).status).toBe(200);
    await engine().ok(["plugin", "create", "acme/second", davitd.plugin]);
    const { stderr } = await davit("plugin", "offer", "acme/second", "store");
    expect(stderr).toContain("plugin acme/files:v1 is offered as store already");
    await engine().ok(["plugin", "rm", "acme/second"]);
  });

  test("is gone when it is withdrawn, or removed", async () => {
    expect(await ok("plugin", "withdraw", "acme/files:v1")).toBe("acme/files:v1");
    expect(await sockets()).toEqual(["mine.sock"]);
    const again = await davit("plugin", "withdraw", "acme/files:v1");
    expect(again.stderr).toContain("plugin acme/files:v1 is not offered");
    await engine().ok(["plugin", "create", "acme/short", davitd.plugin]);
    expect(await ok("plugin", "offer", "acme/short")).toBe(door("short"));
    expect(await sockets()).toEqual(["mine.sock"]);
    await engine().ok(["plugin", "enable", "acme/short"]);
    expect(await sockets()).toEqual(["mine.sock", "short.sock"]);
    await engine().ok(["plugin", "rm", "--force", "acme/short"]);
    expect(await sockets()).toEqual(["mine.sock"]);
  });

  test("is not one that others have no use for", async () => {
    const plugin = await writeRelayPlugin(davitd.dir.join("log"), {
      types: ["docker.logdriver/1.0"],
      hostDir: "/tmp",
      socket: "x",
    });
    await engine().ok(["plugin", "create", "acme/log", plugin]);
    const { stderr } = await davit("plugin", "offer", "acme/log");
    expect(stderr).toContain("other engines can use volume, network, IPAM and authorization plugins only");
    await engine().ok(["plugin", "rm", "acme/log"]);
  });
});

/** The host's directory behind the volume plugin's propagated mount. */
async function hostRoot(): Promise<string> {
  const id = await engine().ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/files:v1"]);
  return join(engine().dataRoot, "plugins", id, "propagated-mount");
}

describe("calls at a door", () => {
  let server: PluginServer;
  const waiting = Promise.withResolvers<object>();
  beforeAll(async () => {
    const hostDir = davitd.dir.join("host");
    await mkdir(hostDir);
    server = await startPluginServer({
      listen: { socket: join(hostDir, "s.sock") },
      answers: {
        "VolumeDriver.Create": () => waiting.promise,
        "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "global" } }),
        "VolumeDriver.Mount": () => "this is no JSON",
        "VolumeDriver.Get": () => new Promise(() => undefined),
      },
    });
    const plugin = await writeRelayPlugin(davitd.dir.join("relay"), {
      types: ["docker.volumedriver/1.0"],
      hostDir,
      socket: "s.sock",
    });
    await engine().ok(["plugin", "create", "acme/relay", plugin]);
    await engine().ok(["plugin", "enable", "acme/relay"]);
    await ok("plugin", "offer", "acme/relay");
  });
  afterAll(async () => {
    await engine().ok(["plugin", "rm", "--force", "acme/relay"]);
    await server.stop();
  });

  test("do not wait for each other, and arrive as they were made", async () => {
    const slow = Array.from({ length: 30 }, (_, index) =>
      call(door("relay"), "/VolumeDriver.Create", `{"Name":"v${String(index)}","Opts":{"a":"b"}}\n`),
    );
    for (const _ of slow) await server.nextCall("VolumeDriver.Create");
    expect(await call(door("relay"), "/VolumeDriver.Capabilities", "{}\n")).toEqual({
      status: 200,
      body: '{"Capabilities":{"Scope":"global"}}\n',
    });
    waiting.resolve({ Err: "" });
    expect(new Set((await Promise.all(slow)).map(({ status }) => status))).toEqual(new Set([200]));
    const bodies = server.calls
      .filter(({ method }) => method === "VolumeDriver.Create")
      .map(({ rawBody }) => rawBody);
    expect(bodies.sort()[0]).toBe('{"Name":"v0","Opts":{"a":"b"}}\n');
  });

  test("say what is wrong with an answer that cannot be translated", async () => {
    const { status, body } = await call(door("relay"), "/VolumeDriver.Mount", '{"Name":"v","ID":"1"}');
    expect(status).toBe(500);
    expect(JSON.parse(body).Err).toContain("VolumeDriver.Mount: undecodable answer");
  });

  test("are given up at the plugin when the caller hangs up, and cut when the plugin is stopped", async () => {
    const asking = request({
      socketPath: door("relay"),
      path: "/VolumeDriver.Get",
      method: "POST",
      agent: false,
    });
    asking.on("error", () => undefined);
    asking.end('{"Name":"v"}');
    const seen = await server.nextCall("VolumeDriver.Get");
    asking.destroy();
    await seen.hungUp;
    const cut = call(door("relay"), "/VolumeDriver.Get", '{"Name":"v"}');
    cut.catch(() => undefined);
    await server.nextCall("VolumeDriver.Get");
    await engine().ok(["plugin", "disable", "acme/relay"]);
    await expect(cut).rejects.toThrow("socket hang up");
  });
});

describe("Podman uses a plugin that Davit runs:", () => {
  const cleanup = new AsyncDisposableStack();
  let podman: TestPodman;
  beforeAll(async () => {
    await ok("plugin", "offer", "acme/files:v1", "files");
    podman = cleanup.use(await TestPodman.create({ files: door("files") }));
    await podman.ok(["import", "-", "localhost/busybox"], await busyboxRootfs());
  });
  afterAll(() => cleanup.disposeAsync());
  const run = (...args: readonly string[]): Promise<string> =>
    podman.ok(["run", "--rm", "--network=none", ...args]);

  test("creates a volume, writes to it and reads from it, and removes it", async () => {
    await podman.ok(["volume", "create", "--driver", "files", "data"]);
    await run("--volume", "data:/d", "localhost/busybox", "sh", "-c", "echo from podman >/d/file");
    expect(await run("--volume", "data:/d", "localhost/busybox", "cat", "/d/file")).toBe("from podman");
    expect(await readFile(join(await hostRoot(), "volumes/data/file"), "utf8")).toBe("from podman\n");
    expect(await engine().ok(["volume", "ls", "--quiet", "--filter", "driver=acme/files:v1"])).toBe("data");
    await podman.ok(["volume", "rm", "data"]);
    expect(await engine().ok(["volume", "ls", "--quiet", "--filter", "driver=acme/files:v1"])).toBe("");
  });

  test("sees what the plugin mounts for it", async () => {
    await podman.ok(["volume", "create", "--driver", "files", "--opt", "tmpfs=1", "memory"]);
    const mounted = await run(
      "--volume",
      "memory:/d",
      "localhost/busybox",
      "sh",
      "-c",
      "echo x >/d/f && grep ' /d ' /proc/mounts",
    );
    expect(mounted).toMatch(/^tmpfs \/d tmpfs/);
    await podman.ok(["volume", "rm", "memory"]);
  });

  test("goes on with a container while the daemon is down, and releases the volume at the next one", async () => {
    await podman.ok(["volume", "create", "--driver", "files", "kept"]);
    await podman.ok([
      "run",
      "--detach",
      "--name=long",
      "--network=none",
      "--volume=kept:/d",
      "localhost/busybox",
      "sleep",
      "1000",
    ]);
    const mounts = join(await hostRoot(), "state/kept/mounts");
    expect(await readdir(mounts)).toHaveLength(1);
    await engine().kill();
    await podman.ok(["exec", "long", "sh", "-c", "echo still >/d/file"]);
    await engine().start();
    await engine().line("Daemon has completed initialization");
    await podman.ok(["rm", "--force", "--time=0", "long"]);
    expect(await readdir(mounts)).toEqual([]);
    await podman.ok(["volume", "rm", "kept"]);
  });
});

test("a Docker Engine uses a plugin that Davit runs", async () => {
  await ok("plugin", "offer", "acme/files:v1", "files");
  await using docker = await startDockerd();
  await symlink(door("files"), join(docker.pluginSocketDir, "files.sock"));
  await docker.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  await docker.ok(["volume", "create", "--driver", "files", "data"]);
  const run = (...args: readonly string[]): Promise<string> =>
    docker.ok(["run", "--rm", "--network=none", ...args]);
  await run("--volume", "data:/d", "busybox", "sh", "-c", "echo from docker >/d/file");
  expect(await run("--volume", "data:/d", "busybox", "cat", "/d/file")).toBe("from docker");
  expect(await docker.ok(["volume", "inspect", "--format", "{{.Mountpoint}}", "data"])).toBe(
    join(await hostRoot(), "volumes/data"),
  );
  expect(await engine().ok(["volume", "inspect", "--format", "{{.Driver}}", "data"])).toBe("acme/files:v1");
  await docker.ok(["volume", "rm", "data"]);
});
