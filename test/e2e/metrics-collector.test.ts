import { mkdir, readFile, rm, watch, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  busyboxRootfs,
  CertificateAuthority,
  mustRun,
  PluginReply,
  type PluginServer,
  pluginPid,
  repository,
  startDavitd,
  startPluginServer,
  writeRelayPlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
const engine = () => davitd.engine;
const start = "MetricsCollector.StartMetrics";
const stop = "MetricsCollector.StopMetrics";

describe("a plugin that collects metrics", () => {
  let server: PluginServer;
  const metricsCalls = (): readonly string[] =>
    server.methods.filter((method) => method.startsWith("Metrics"));

  beforeAll(async () => {
    const hostDir = davitd.dir.join("host");
    await mkdir(hostDir);
    server = await startPluginServer({
      listen: { socket: join(hostDir, "server.sock") },
      answers: {
        [start]: () => ({}),
        [stop]: () => ({}),
        "VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "local" } }),
        "VolumeDriver.Get": () => ({ Err: "none" }),
        "VolumeDriver.Create": () => ({}),
        "VolumeDriver.Remove": () => ({}),
        // A directory of its root file system.
        "VolumeDriver.Mount": () => ({ Mountpoint: "/host" }),
        "VolumeDriver.Unmount": () => ({}),
        "LogDriver.Capabilities": () => ({ Cap: { ReadLogs: false } }),
        "LogDriver.StartLogging": () => ({}),
        "LogDriver.StopLogging": () => ({}),
      },
    });
    const plugin = await writeRelayPlugin(davitd.dir.join("relay"), {
      types: ["metricscollector", "volumedriver", "logdriver", "graphdriver"].map(
        (type) => `docker.${type}/1.0`,
      ),
      hostDir,
      socket: "server.sock",
    });
    await engine().ok(["plugin", "create", "acme/m", plugin]);
  });
  afterAll(async () => {
    await engine().ok(["plugin", "rm", "--force", "acme/m"]);
    await server.stop();
  });

  test("is told to start when it is enabled, with nothing in the request", async () => {
    await engine().ok(["plugin", "enable", "acme/m"]);
    const call = await server.nextCall(start);
    expect(call.rawBody).toBe("");
    expect(call.headers["content-length"]).toBe("0");
    expect(metricsCalls()).toEqual([start]);
  });

  test("serves its other types on the same socket, and the log names what is not used", async () => {
    expect(await engine().ok(["volume", "create", "--driver", "acme/m", "v"])).toBe("v");
    expect(server.methods).toContain("VolumeDriver.Create");
    expect(await engine().line("plugin has types that Davit does not use")).toContain(
      "docker.graphdriver/1.0",
    );
  });

  test("takes the output of a container that uses its volume, all on the one socket", async () => {
    await engine().ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
    server.answer({ "VolumeDriver.Get": () => ({ Volume: { Name: "v" } }) });
    server.forget();
    await engine().ok(["run", "--rm", "--network=none", "--log-driver=acme/m", "-v=v:/v", "busybox", "true"]);
    const called = new Set(server.methods);
    for (const method of [
      "VolumeDriver.Mount",
      "VolumeDriver.Unmount",
      "LogDriver.StartLogging",
      "LogDriver.StopLogging",
    ]) {
      expect(called).toContain(method);
    }
    expect(metricsCalls()).toEqual([]);
  });

  test("finds the directory of the engine's socket mounted read-only", async () => {
    const pid = await pluginPid(engine(), "acme/m");
    const mounts = await readFile(`/proc/${String(pid)}/mountinfo`, "utf8");
    expect(mounts).toMatch(/ \/run\/docker\/metrics ro,/);
    const socket = `/proc/${String(pid)}/root/run/docker/metrics.sock`;
    expect(await mustRun("stat", ["-c", "%N", socket])).toContain("-> 'metrics/metrics.sock'");
  });

  test("is told to start again when it was restarted", async () => {
    server.forget();
    process.kill(await pluginPid(engine(), "acme/m"), "SIGKILL");
    await server.nextCall(start);
    expect(metricsCalls()).toEqual([start]);
  });

  test("is told to stop when the daemon stops, and to start by the next one", async () => {
    server.forget();
    const pid = await pluginPid(engine(), "acme/m");
    await engine().stop();
    expect(metricsCalls()).toEqual([stop]);
    await engine().start();
    await server.nextCall(start);
    expect(await pluginPid(engine(), "acme/m")).toBe(pid);
  });

  test("is told to start by the successor of a daemon that was killed", async () => {
    server.forget();
    await engine().kill();
    await engine().start();
    await server.nextCall(start);
    expect(metricsCalls()).toEqual([start]);
  });

  test("is told to stop before it is stopped when it is disabled", async () => {
    server.forget();
    await engine().ok(["plugin", "disable", "--force", "acme/m"]);
    expect(metricsCalls()).toEqual([stop]);
  });

  test("is enabled and disabled all the same when it refuses to start, and not told to stop then", async () => {
    server.answer({ [start]: () => new PluginReply(500, { Err: "no room for metrics" }) });
    server.forget();
    await engine().ok(["plugin", "enable", "acme/m"]);
    expect(await engine().line("Error starting metrics collector plugin")).toContain("no room for metrics");
    await engine().ok(["plugin", "disable", "--force", "acme/m"]);
    expect(metricsCalls()).toEqual([start]);
  });
});

test("a collector is told to stop by a daemon that stops its plugins, too", async () => {
  const hostDir = davitd.dir.join("host-of-another");
  await mkdir(hostDir);
  await using server = await startPluginServer({
    listen: { socket: join(hostDir, "server.sock") },
    answers: { [start]: () => ({}), [stop]: () => ({}) },
  });
  const types = ["docker.metricscollector/1.0"];
  const plugin = await writeRelayPlugin(davitd.dir.join("another"), {
    types,
    hostDir,
    socket: "server.sock",
  });
  await using other = await startDavitd("--live-restore=false");
  await other.ok(["plugin", "create", "acme/m", plugin]);
  await other.ok(["plugin", "enable", "acme/m"]);
  await other.stop();
  expect(server.methods).toEqual([start, stop]);
});

describe("a collector that the engine does not manage", () => {
  const answers = { [start]: () => ({}), [stop]: () => ({}), "VolumeDriver.List": () => ({ Volumes: [] }) };
  const implemented = { implements: ["VolumeDriver", "MetricsCollector"], answers };
  const forms = {
    "on a socket": () =>
      startPluginServer({
        ...implemented,
        listen: { socket: join(engine().pluginSocketDir, "outside.sock") },
      }),
    "by a JSON file, over TCP with TLS": async () => {
      const authority = await CertificateAuthority.create(davitd.dir.path, "ca");
      const tls = await authority.issue("collector", { altName: "DNS:localhost,IP:127.0.0.1" });
      const server = await startPluginServer({ ...implemented, listen: { port: 0, tls } });
      await writeFile(
        join(engine().pluginSpecDir, "remote.json"),
        JSON.stringify({ Addr: server.address, TLSConfig: { CAFile: authority.path } }),
      );
      return server;
    },
  };

  test.each(Object.entries(forms))(
    "%s is told when it is met, and when the engine stops",
    async (_form, serve) => {
      await using server = await serve();
      await engine().ok(["volume", "ls"]);
      await server.nextCall(start);
      await engine().ok(["volume", "ls"]);
      await engine().stop();
      expect(server.methods.filter((method) => method.startsWith("Metrics"))).toEqual([start, stop]);
      await engine().start();
      await rm(join(engine().pluginSpecDir, "remote.json"), { force: true });
    },
  );
});

test("the example keeps the engine's metrics in a file, also after the engine was started anew", async () => {
  const build = davitd.dir.join("example");
  await mustRun(process.execPath, [join(repository, "examples/metrics-textfile/pack.ts"), build]);
  await engine().ok(["plugin", "create", "acme/textfile", build]);
  await engine().ok(["plugin", "set", "acme/textfile", "INTERVAL=0.05"]);
  await engine().ok(["plugin", "enable", "acme/textfile"]);
  const id = await engine().ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/textfile"]);
  const dir = join(engine().dataRoot, "plugins", id, "propagated-mount");

  /** The file's text as soon as it has this. */
  const written = async (text: string): Promise<string> => {
    const seen = async (): Promise<string> => {
      const found = await readFile(join(dir, "engine.prom"), "utf8").catch(() => "");
      return found.includes(text) ? found : "";
    };
    for await (const _change of watch(dir, { signal: AbortSignal.timeout(20_000) })) {
      const found = await seen();
      if (found !== "") return found;
    }
    throw new Error("the directory is gone");
  };
  const first = await written('davit_plugin_state{plugin="acme/textfile:latest",state="running"} 1');
  expect(first).toContain("# TYPE engine_daemon_engine_info gauge");
  expect(first).not.toContain("nodejs_");

  await engine().stop();
  await engine().start();
  await engine().ok(["volume", "create", "later"]);
  expect(await written('davit_volumes{driver="local"} 1')).toContain("engine_daemon_engine_info");
  await engine().ok(["plugin", "rm", "--force", "acme/textfile"]);
});

describe("a plugin of a type that Davit does not run", () => {
  test.for([
    ["docker.graphdriver/1.0", "graph drivers"],
    ["docker.secretprovider/1.0", "secret providers"],
    ["docker.csinode/1.0", "CSI drivers"],
    ["docker.csicontroller/1.0", "CSI drivers"],
  ] as const)("%s is installed and shown, and refused before anything is started", async ([type, kind]) => {
    const plugin = await writeRelayPlugin(davitd.dir.join(type.replaceAll("/", "-")), {
      types: [type],
      hostDir: "/nonexistent",
      socket: "none.sock",
    });
    await engine().ok(["plugin", "create", "acme/other", plugin]);
    expect(
      await engine().ok(["plugin", "inspect", "--format", "{{.Config.Interface.Types}}", "acme/other"]),
    ).toBe(`[${type}]`);
    const answer = await engine().request("POST", "/plugins/acme/other/enable?timeout=0");
    expect(answer.status).toBe(501);
    expect(answer.body).toContain(`plugin acme/other:latest is of type ${type}, and Davit runs no ${kind}`);
    expect(await engine().ok(["plugin", "ls", "--format", "{{.Name}} {{.Enabled}}"])).toContain(
      "acme/other:latest false",
    );
    await engine().ok(["plugin", "rm", "acme/other"]);
  });
});
