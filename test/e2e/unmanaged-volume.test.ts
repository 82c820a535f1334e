import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  CertificateAuthority,
  type PluginServer,
  type PluginServerOptions,
  startDavitd,
  startPluginServer,
  TempDir,
  volumeAnswers,
  writeRelayPlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd("--plugin-retry-timeout=20", "--metrics-addr=127.0.0.1:0");
const cleanup = new AsyncDisposableStack();

async function serve(name: string, listen: PluginServerOptions["listen"]): Promise<PluginServer> {
  const root = davitd.dir.join("volumes", name);
  await mkdir(root, { recursive: true });
  const options = { implements: ["VolumeDriver"], answers: volumeAnswers(root), listen };
  return cleanup.use(await startPluginServer(options));
}

const bySocket = (name: string): Promise<PluginServer> =>
  serve(name, { socket: join(davitd.engine.pluginSocketDir, `${name}.sock`) });

const define = (file: string, text: string): Promise<void> =>
  writeFile(join(davitd.engine.pluginSpecDir, file), text);

const run = (...args: readonly string[]): Promise<string> =>
  davitd.engine.ok(["run", "--rm", "--network", "none", ...args]);

beforeAll(async () => {
  await davitd.engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
});
afterAll(() => cleanup.disposeAsync());

describe("a volume of a plugin that the engine does not manage", () => {
  /** The three ways to define one. */
  const forms: Readonly<Record<string, (name: string) => Promise<PluginServer>>> = {
    socket: bySocket,
    async spec(name) {
      const server = await serve(name, { port: 0 });
      await define(`${name}.spec`, `${server.address}\n`);
      return server;
    },
    async json(name) {
      const authority = await CertificateAuthority.create(davitd.dir.path, "ca");
      const own = await authority.issue("server", { altName: "DNS:localhost" });
      const client = await authority.issue("client", { altName: "DNS:engine" });
      const clientCa = await readFile(authority.path, "utf8");
      const server = await serve(name, { port: 0, tls: { cert: own.cert, key: own.key, clientCa } });
      const TLSConfig = { CAFile: authority.path, CertFile: client.certPath, KeyFile: client.keyPath };
      await define(`${name}.json`, JSON.stringify({ Name: "any", Addr: server.address, TLSConfig }));
      return server;
    },
  };

  test.each(Object.keys(forms))("is created, listed, inspected, used and removed by its %s", async (form) => {
    const { engine } = davitd;
    const driver = `by${form}`;
    const server = await forms[form]?.(driver);
    const volume = `vol-${form}`;
    expect(await engine.ok(["volume", "create", "-d", driver, "-o", "size=1", volume])).toBe(volume);
    expect(server?.calls.find(({ method }) => method === "VolumeDriver.Create")?.rawBody).toBe(
      `{"Name":"${volume}","Opts":{"size":"1"}}\n`,
    );
    // Once more is the same one, and creates nothing.
    await engine.ok(["volume", "create", "-d", driver, volume]);
    const listed = ["volume", "ls", "--filter", `driver=${driver}`];
    expect(await engine.ok([...listed, "--format", "{{.Driver}} {{.Name}} {{.Scope}} {{.Mountpoint}}"])).toBe(
      `${driver} ${volume} global ${davitd.dir.join("volumes", driver, volume)}`,
    );
    const inspect = "{{.Driver}} {{.Scope}} {{.CreatedAt}} {{.Options.size}} {{.Status.mounts}}";
    expect(await engine.ok(["volume", "inspect", "--format", inspect, volume])).toBe(
      `${driver} global 2026-01-02T03:04:05Z 1 0`,
    );
    await run("-v", `${volume}:/data`, "busybox", "sh", "-c", "echo ahoy > /data/file");
    expect(await run("-v", `${volume}:/data`, "busybox", "cat", "/data/file")).toBe("ahoy");
    expect(await readFile(davitd.dir.join("volumes", driver, volume, "file"), "utf8")).toBe("ahoy\n");
    expect(await engine.ok(["volume", "rm", volume])).toBe(volume);
    const count = (method: string) =>
      server?.methods.filter((each) => each === `VolumeDriver.${method}`).length;
    expect(["Create", "Mount", "Unmount", "Remove"].map(count)).toEqual([1, 2, 2, 1]);
    expect(server?.methods.filter((method) => method === "Plugin.Activate")).toHaveLength(1);
  });

  test("makes its plugin known to info, and its calls to the metrics", async () => {
    const { engine } = davitd;
    const volumes = await engine.ok(["info", "--format", "{{json .Plugins.Volume}}"]);
    expect(JSON.parse(volumes)).toEqual(["byjson", "bysocket", "byspec", "local"]);
    const address = /listening on ([\d.:]+)/.exec(await engine.line("metrics API listening"))?.[1];
    const metrics = await (await fetch(`http://${address ?? ""}/metrics`)).text();
    expect(metrics).toMatch(/plugin="byspec",method="VolumeDriver.Mount",outcome="answered"\} 2\n/);
  });

  test("asks nothing of its plugin when the engine starts, and is found again when it is used", async () => {
    const { engine } = davitd;
    const server = await bySocket("later");
    await engine.ok(["volume", "create", "-d", "later", "kept"]);
    server.forget();
    await engine.stop();
    await engine.start();
    expect(server.methods).toEqual([]);
    expect(await engine.ok(["volume", "inspect", "--format", "{{.Driver}}", "kept"])).toBe("later");
    expect(server.methods.slice(0, 2)).toEqual(["Plugin.Activate", "VolumeDriver.Get"]);
    await engine.ok(["volume", "rm", "kept"]);
  });
});

describe("a plugin that is not there", () => {
  test("is waited for by those who need it, and by nobody else", async () => {
    const { engine } = davitd;
    const creating = engine.docker(["volume", "create", "-d", "late", "vv"]);
    await engine.line(/waited for.*plugin=late/);
    // Not even of the same name.
    expect(await engine.ok(["volume", "create", "vv"])).toBe("vv");
    await engine.ok(["volume", "rm", "vv"]);
    await engine.ok(["volume", "ls"]);
    expect((await engine.docker(["volume", "inspect", "nosuch"])).stderr).toContain("no such volume");
    const running = engine.docker([
      "run",
      "--rm",
      "--network",
      "none",
      "-v",
      "ww:/w",
      "--volume-driver",
      "late",
      "busybox",
      "true",
    ]);
    const server = await bySocket("late");
    expect(await creating).toMatchObject({ exitCode: 0, stdout: "vv\n" });
    expect(await running).toMatchObject({ exitCode: 0 });
    expect(server.methods.filter((method) => method === "Plugin.Activate")).toHaveLength(1);
    await engine.ok(["volume", "rm", "vv", "ww"]);
    await server.stop();
  });

  test("is waited for until its client goes away", async () => {
    const { engine } = davitd;
    const from = engine.log.length;
    const gone = new AbortController();
    const creating = engine.docker(["volume", "create", "-d", "never", "v"], { signal: gone.signal });
    await engine.line(/waited for.*plugin=never/, from);
    gone.abort();
    await expect(creating).rejects.toThrow("abort");
    await engine.line(/not waited for any more.*plugin=never.*canceled/, from);
  });

  test("fails what names it in dockerd's words when the time is up", async () => {
    const quick = davitd.engine;
    const { status, body } = await quick.request("GET", "/v1.41/volumes/nosuch");
    expect([status, body]).toEqual([404, '{"message":"get nosuch: no such volume"}\n']);
    const mount = ["--volume-driver", "../no/where", "-v", "vol:/vol"];
    const running = await quick.docker(["run", "--rm", "--network", "none", ...mount, "busybox", "true"]);
    // The image is not looked for again.
    expect(running.stderr).toContain(
      "Error response from daemon: create vol: error looking up volume plugin ../no/where",
    );
    const creating = await quick.docker(["volume", "create", "-d", "../etc/x", "v"]);
    expect(creating.stderr).toBe(
      'Error response from daemon: create v: error looking up volume plugin ../etc/x: plugin "../etc/x": not a name of a plugin\n',
    );
  });
});

describe("a plugin that goes away and comes back", () => {
  let server: PluginServer;
  beforeEach(async () => {
    await server?.stop();
    server = await bySocket("back");
    await davitd.engine.ok(["volume", "create", "-d", "back", "vol"]);
  });

  test("is told to unmount what it could not be told while it was away", async () => {
    const { engine } = davitd;
    const start = ["run", "-d", "--network", "none", "-v", "vol:/vol", "busybox", "sleep", "600"];
    const container = await engine.ok(start);
    const { body: mounted } = await server.nextCall("VolumeDriver.Mount");
    await server.stop();
    await engine.ok(["rm", "--force", container]);
    const held = await engine.docker(["volume", "rm", "vol"]);
    expect(held.stderr).toContain("volume is in use");
    await server.start();
    server.forget();
    await engine.ok(["volume", "rm", "vol"]);
    expect((await server.nextCall("VolumeDriver.Unmount")).body).toEqual(mounted);
  });

  test("keeps its volumes on record, which are listed with a warning and removed by force only", async () => {
    const { engine } = davitd;
    await server.stop();
    const { body } = await engine.request("GET", "/volumes");
    expect(JSON.parse(body)).toMatchObject({
      Volumes: [{ Name: "vol", Driver: "back", Mountpoint: "" }],
      Warnings: ['list back: error looking up volume plugin back: plugin "back" not found'],
    });
    expect((await engine.docker(["volume", "rm", "vol"])).stderr).toContain(
      'remove vol: error looking up volume plugin back: plugin "back" not found',
    );
    expect((await engine.docker(["volume", "inspect", "vol"])).stderr).toContain(
      'error while checking if volume "vol" exists in driver "back": error looking up volume plugin back: plugin "back" not found',
    );
    await engine.ok(["volume", "rm", "--force", "vol"]);
    expect(await engine.ok(["volume", "ls", "--quiet"])).toBe("");
    // What the driver keeps is there again with it, and then goes for good.
    await server.start();
    await engine.ok(["volume", "rm", "vol"]);
    expect(server.calls.map(({ method }) => method)).toContain("VolumeDriver.Remove");
  });

  test("serves a container that starts meanwhile", async () => {
    const { engine } = davitd;
    await engine.ok([
      "create",
      "--name",
      "cc",
      "--network",
      "none",
      "-v",
      "vol:/vol",
      "busybox",
      "touch",
      "/vol/f",
    ]);
    await server.stop();
    const from = engine.log.length;
    const starting = engine.docker(["start", "--attach", "cc"]);
    await engine.line(/waited for.*plugin=back/, from);
    await server.start();
    expect(await starting).toMatchObject({ exitCode: 0, stderr: "" });
    await engine.ok(["rm", "cc"]);
    await engine.ok(["volume", "rm", "vol"]);
  });
});

describe("a daemon that stops", () => {
  test("has the volumes of the containers that it stops unmounted, and waits for no plugin", async () => {
    await using engine = await startDavitd("--live-restore=false", "--plugin-retry-timeout=60");
    await using dir = await TempDir.create("stop");
    await using server = await startPluginServer({
      implements: ["VolumeDriver"],
      answers: volumeAnswers(dir.path),
      listen: { socket: join(engine.pluginSocketDir, "here.sock") },
    });
    await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
    const mount = ["--volume-driver", "here", "-v", "vol:/vol"];
    await engine.ok([
      "run",
      "-d",
      "--network",
      "none",
      "--stop-signal",
      "KILL",
      ...mount,
      "busybox",
      "sleep",
      "600",
    ]);
    const { body: mounted } = await server.nextCall("VolumeDriver.Mount");
    const waiting = engine.docker(["volume", "create", "-d", "nowhere", "other"]);
    await engine.line(/waited for.*plugin=nowhere/);
    expect(await engine.stop()).toBe(0);
    expect((await server.nextCall("VolumeDriver.Unmount")).body).toEqual(mounted);
    expect((await waiting).stderr).toContain("waiting for plugin nowhere: canceled");
  });
});

describe("two plugins of one name", () => {
  test("are the managed one, also while it is disabled, and the other one when it is removed", async () => {
    const { engine, dir } = davitd;
    const other = await bySocket("twin");
    const managed = await serve("twin-managed", { socket: dir.join("twin.sock") });
    const types = ["docker.volumedriver/1.0"];
    const plugin = await writeRelayPlugin(dir.join("twin"), {
      types,
      hostDir: dir.path,
      socket: "twin.sock",
    });
    await engine.ok(["plugin", "create", "twin", plugin]);
    const disabled = await engine.docker(["volume", "create", "-d", "twin", "v"]);
    expect(disabled.stderr).toContain("plugin twin found but disabled");
    await engine.ok(["plugin", "enable", "twin"]);
    await engine.ok(["volume", "create", "-d", "twin", "v"]);
    expect(managed.methods).toContain("VolumeDriver.Create");
    expect(other.methods).not.toContain("VolumeDriver.Create");
    await engine.ok(["volume", "rm", "v"]);
    await engine.ok(["plugin", "rm", "--force", "twin"]);
    await engine.ok(["volume", "create", "-d", "twin", "v"]);
    expect(await engine.ok(["volume", "inspect", "--format", "{{.Driver}}", "v"])).toBe("twin");
    expect(other.methods).toContain("VolumeDriver.Create");
    await engine.ok(["volume", "rm", "v"]);
    await rm(join(engine.pluginSocketDir, "twin.sock"), { force: true });
  });
});
