import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import {
  busyboxRootfs,
  findPeer,
  mountsBelow,
  mustRun,
  processesOf,
  runtimePid,
  startDockerRegistry,
  startRegistryProxy,
  TempDir,
  volumePluginConfig,
  writeVolumePlugin,
} from "@davit/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft, expectNothingLeftAfterRestart } from "./nothing-left.ts";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
const cleanup = new AsyncDisposableStack();
afterAll(() => cleanup.disposeAsync());

/** The volume plugin behind a few lines of Perl. */
async function create(name: string, script = 'exec "/usr/bin/perl", "/plugin.pl"'): Promise<void> {
  const Entrypoint = ["/usr/bin/perl", "-e", `$| = 1; ${script}`];
  const { path } = cleanup.use(await TempDir.create("e2e"));
  const dir = await writeVolumePlugin(path, { ...volumePluginConfig, Entrypoint }, name);
  await engine().ok(["plugin", "create", `acme/${name}`, dir]);
}
const lateScript =
  '$SIG{TERM} = sub { exit 0 }; print "awake\\n"; sleep 1; exec "/usr/bin/perl", "/plugin.pl"';
const idOf = (name: string) => engine().ok(["plugin", "inspect", "--format", "{{.Id}}", name]);
const isEnabled = (name: string) => engine().ok(["plugin", "inspect", "--format", "{{.Enabled}}", name]);
const pluginProcesses = () => processesOf(join(engine().dataRoot, "plugins"));

/** Kills the daemon when it or a plugin prints a line, in the middle of a command; starts it anew. */
async function killAt(line: string | RegExp, args: readonly string[]): Promise<void> {
  const from = engine().log.length;
  const cutOff = engine().docker(args);
  await engine().line(line, from);
  await engine().kill();
  expect((await cutOff).exitCode).not.toBe(0);
  await engine().start();
}

describe("a daemon that is killed during", () => {
  afterEach(async () => {
    const volumes = await engine().ok(["volume", "ls", "--quiet"]);
    if (volumes !== "") await engine().ok(["volume", "rm", ...volumes.split("\n")]);
    const plugins = await engine().ok(["plugin", "ls", "--quiet"]);
    if (plugins !== "") await engine().ok(["plugin", "rm", "--force", ...plugins.split("\n")]);
    await expectNothingLeft(engine());
  });

  test("plugin create has nothing of it", async () => {
    const headers = { "Content-Type": "application/x-tar", Expect: "100-continue" };
    const path = "/plugins/create?name=acme/half";
    const upload = request({ socketPath: engine().socket, method: "POST", path, headers });
    const ended = once(upload, "error");
    upload.flushHeaders();
    await once(upload, "continue");
    const zeros = Buffer.alloc(1_000_000);
    await new Promise<void>((resolve) => upload.write(zeros, () => resolve()));
    await engine().kill();
    await ended;
    await engine().start();
    await expectNothingLeftAfterRestart(engine());
  });

  test("unpacking has no plugin, no layer and no blob", async () => {
    const watcher = watch(join(engine().dataRoot, "snapshots"), { recursive: true });
    try {
      const unpacking = once(watcher, "change");
      const cutOff = engine().docker(["plugin", "create", "acme/half", davitd.plugin]);
      await unpacking;
      await engine().kill();
      expect((await cutOff).exitCode).toBe(1);
    } finally {
      watcher.close();
    }
    await engine().start();
    await expectNothingLeftAfterRestart(engine());
  });

  test("plugin enable has the plugin disabled, and can enable it", async () => {
    await create("late", lateScript);
    await killAt("awake", ["plugin", "enable", "acme/late"]);
    expect(await isEnabled("acme/late")).toBe("false");
    await engine().ok(["plugin", "enable", "acme/late"]);
  });

  test("plugin disable has the plugin disabled", async () => {
    const stop = '$SIG{TERM} = sub { print "asked to stop\\n"; sleep 1; exit 0 };';
    await create("clinging", `${stop} exec "/usr/bin/perl", "/plugin.pl" unless fork; sleep 1 while 1`);
    await engine().ok(["plugin", "enable", "acme/clinging"]);
    await killAt("asked to stop", ["plugin", "disable", "acme/clinging"]);
    expect(await isEnabled("acme/clinging")).toBe("false");
    await engine().ok(["plugin", "enable", "acme/clinging"]);
  });

  test("plugin upgrade has the old version, which can be enabled, and can upgrade it", async () => {
    const registry = await startDockerRegistry();
    cleanup.defer(() => registry.stop());
    const proxy = cleanup.use(await startRegistryProxy(registry.url));
    const [old, newer] = [`${proxy.host}/acme/v:1`, `${proxy.host}/acme/v:2`];
    for (const [name, Description] of [
      [old, "the old one"],
      [newer, "the new one"],
    ] as const) {
      const config = { ...volumePluginConfig, Description };
      const dir = await writeVolumePlugin(davitd.dir.join(Description), config, Description);
      await engine().ok(["plugin", "create", name, dir]);
      await engine().ok(["plugin", "push", name]);
      await engine().ok(["plugin", "rm", name]);
    }
    await engine().ok(["plugin", "install", "--grant-all-permissions", "--disable", old]);
    const { held, hungUp } = proxy.holdNextBlobAfter(1_000_000);
    const upgrade = ["plugin", "upgrade", "--grant-all-permissions", "--skip-remote-check", old, newer];
    const cutOff = engine().docker(upgrade);
    await held;
    await engine().kill();
    await Promise.all([hungUp, cutOff]);
    await engine().start();
    const description = () => engine().ok(["plugin", "inspect", "--format", "{{.Config.Description}}", old]);
    expect(await description()).toBe("the old one");
    await engine().ok(["plugin", "enable", old]);
    await engine().ok(["plugin", "disable", old]);
    await engine().ok(upgrade);
    expect(await description()).toBe("the new one");
    await engine().ok(["plugin", "enable", old]);
  });

  test("volume create and volume rm asks the driver what became of it", async () => {
    await create("v");
    await engine().ok(["plugin", "set", "acme/v", "BEHAVIOUR=slow:1"]);
    await engine().ok(["plugin", "enable", "acme/v"]);
    await killAt(/VolumeDriver\.Create/, ["volume", "create", "--driver", "acme/v", "--label", "a=b", "one"]);
    await engine().line("volume settled with its driver");
    expect(await engine().ok(["volume", "ls", "--format", "{{.Name}} {{.Driver}} {{.Labels}}"])).toBe(
      "one acme/v:latest a=b",
    );
    await killAt(/VolumeDriver\.Remove/, ["volume", "rm", "one"]);
    await engine().line("volume settled with its driver");
    expect(await engine().ok(["volume", "ls", "--quiet"])).toBe("");
  });
});

test("a client that is interrupted during plugin enable leaves it disabled, with no process", async () => {
  await create("late", lateScript);
  const from = engine().log.length;
  const args = ["plugin", "enable", "acme/late"];
  const client = spawn(findPeer("docker"), args, { env: engine().environment(), stdio: "ignore" });
  const ended = once(client, "exit");
  await engine().line("awake", from);
  client.kill("SIGINT");
  await ended;
  // It takes its place after what is being undone.
  await engine().ok(["plugin", "rm", "acme/late"]);
  await expectNothingLeft(engine());
});

describe("a container that uses a plugin's volume", () => {
  beforeAll(async () => {
    await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
    await create("v");
    await engine().ok(["plugin", "enable", "acme/v"]);
  });

  async function start(volume: string): Promise<string> {
    await engine().ok(["volume", "create", "--driver", "acme/v", "--opt", "tmpfs=1", volume]);
    const options = ["--detach", "--network", "none", "--volume", `${volume}:/m`];
    return engine().ok(["run", ...options, "busybox", "sleep", "600"]);
  }
  const propagated = async () => join(engine().dataRoot, "plugins", await idOf("acme/v"), "propagated-mount");
  async function callsFor(volume: string): Promise<readonly string[]> {
    const log = await readFile(join(await propagated(), "calls.log"), "utf8");
    const calls = log.matchAll(/^VolumeDriver\.(Mount|Unmount) \{"Name":"([^"]*)"/gm);
    return [...calls].flatMap(([, method = "", name]) => (name === volume ? [method] : []));
  }

  test("keeps it while it lives, and releases it once when it ends under the next daemon", async () => {
    const container = await start("alive");
    await engine().kill();
    await engine().start();
    expect(await mountsBelow(await propagated())).toContain(join(await propagated(), "volumes/alive"));
    expect((await engine().docker(["volume", "rm", "alive"])).stderr).toContain(container);
    await engine().ok(["rm", "--force", container]);
    expect(await callsFor("alive")).toEqual(["Mount", "Unmount"]);
    await engine().ok(["volume", "rm", "alive"]);
  });

  test("releases it once when it ended while no daemon ran", async () => {
    const container = await start("orphan");
    const pid = await runtimePid(engine(), "moby", container);
    await engine().kill();
    process.kill(pid, "SIGKILL");
    await engine().start();
    expect(await engine().ok(["wait", container])).toBe("137");
    expect(await callsFor("orphan")).toEqual(["Mount", "Unmount"]);
    expect(await mountsBelow(await propagated())).not.toContain(join(await propagated(), "volumes/orphan"));
    await engine().kill();
    await engine().start();
    await engine().ok(["rm", container]);
    expect(await callsFor("orphan")).toEqual(["Mount", "Unmount"]);
    await engine().ok(["volume", "rm", "orphan"]);
  });

  test("is not started by a daemon that is killed while the plugin mounts it, and holds it no longer", async () => {
    await engine().ok(["plugin", "disable", "acme/v"]);
    await engine().ok(["plugin", "set", "acme/v", "BEHAVIOUR=slow:1"]);
    await engine().ok(["plugin", "enable", "acme/v"]);
    const options = ["--rm", "--network", "none", "--volume-driver", "acme/v", "--volume", "half:/m"];
    await killAt("VolumeDriver.Mount", ["run", ...options, "busybox", "true"]);
    await engine().line("VolumeDriver.Unmount");
    const left = await engine().ok(["ps", "--all", "--quiet"]);
    if (left !== "") await engine().ok(["rm", left]);
    expect(await callsFor("half")).toEqual(["Mount", "Unmount"]);
    await engine().ok(["volume", "rm", "half"]);
    await engine().ok(["plugin", "disable", "acme/v"]);
    await engine().ok(["plugin", "set", "acme/v", "BEHAVIOUR=serve"]);
    await engine().ok(["plugin", "enable", "acme/v"]);
  });

  test("is forgotten by a daemon that is killed while it is being made, and holds it no longer", async () => {
    await engine().ok(["plugin", "disable", "acme/v"]);
    await engine().ok(["plugin", "set", "acme/v", "BEHAVIOUR=slow:1"]);
    await engine().ok(["plugin", "enable", "acme/v"]);
    // What the image has there is copied, for which the volume is mounted.
    const options = ["--volume-driver", "acme/v", "--volume", "unborn:/bin"];
    const local = ["--mount", "type=volume,source=plain,target=/m,volume-driver=local"];
    await killAt("VolumeDriver.Mount", ["create", ...options, ...local, "busybox", "true"]);
    expect(await engine().ok(["ps", "--all", "--quiet"])).toBe("");
    await engine().ok(["volume", "rm", "plain"]);
    await engine().ok(["volume", "rm", "unborn"]);
    expect(await callsFor("unborn")).toEqual(["Mount", "Unmount"]);
    await engine().ok(["plugin", "disable", "acme/v"]);
    await engine().ok(["plugin", "set", "acme/v", "BEHAVIOUR=serve"]);
    await engine().ok(["plugin", "enable", "acme/v"]);
  });

  test("writes its log while no daemon runs", async () => {
    await engine().ok(["volume", "create", "--driver", "acme/v", "pipe"]);
    const pipe = join(await propagated(), "volumes/pipe/pipe");
    await mustRun("mkfifo", [pipe]);
    const options = ["--detach", "--network", "none", "--volume", "pipe:/m"];
    const command = ["sh", "-c", "read line < /m/pipe; echo said $line"];
    const container = await engine().ok(["run", ...options, "busybox", ...command]);
    await engine().kill();
    await mustRun("sh", ["-c", `echo meanwhile > ${pipe}`]);
    await engine().start();
    expect(await engine().ok(["wait", container])).toBe("0");
    expect(await engine().ok(["logs", container])).toBe("said meanwhile");
    await engine().ok(["rm", container]);
    await engine().ok(["volume", "rm", "pipe"]);
  });

  test("and whatever else was cut off leaves nothing", async () => {
    await engine().ok(["plugin", "rm", "--force", "acme/v"]);
    expect(await pluginProcesses()).toEqual([]);
    await engine().ok(["rmi", "busybox"]);
    await expectNothingLeftAfterRestart(engine());
  });
});
