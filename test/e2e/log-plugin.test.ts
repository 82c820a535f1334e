import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { encodeLogEntry } from "@davit/protocol";
import {
  busyboxRootfs,
  CertificateAuthority,
  LogReceiver,
  type PluginServer,
  pluginError,
  startPluginServer,
  writeRelayPlugin,
} from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useDavitd } from "./use-davitd.ts";

const davitd = useDavitd();
beforeAll(async () => {
  await davitd.engine.docker(["import", "-", "busybox"], { input: await busyboxRootfs() });
});

const container = ["--network", "none", "busybox"];

interface Form {
  readonly name: string;
  readonly server: PluginServer;
  readonly receiver: LogReceiver;
}

const forms = {
  "that the engine manages": async (): Promise<Form> => {
    const { engine, dir } = davitd;
    let id = "";
    const receiver = new LogReceiver({
      toHostPath: (file) => join(engine.dataRoot, "plugins", id, "rootfs", file),
    });
    const server = await startPluginServer({
      answers: receiver.answers,
      listen: { socket: dir.join("managed.sock") },
    });
    const plugin = await writeRelayPlugin(dir.join("relay"), {
      types: ["docker.logdriver/1.0"],
      hostDir: dir.path,
      socket: "managed.sock",
    });
    await engine.ok(["plugin", "create", "acme/log", plugin]);
    await engine.ok(["plugin", "enable", "acme/log"]);
    id = await engine.ok(["plugin", "inspect", "--format", "{{.Id}}", "acme/log"]);
    return { name: "acme/log", server, receiver };
  },
  "on a socket": async (): Promise<Form> => {
    const receiver = new LogReceiver();
    const server = await startPluginServer({
      implements: ["LogDriver"],
      answers: receiver.answers,
      listen: { socket: join(davitd.engine.pluginSocketDir, "onsocket.sock") },
    });
    return { name: "onsocket", server, receiver };
  },
  "on TCP with TLS, named by a file": async (): Promise<Form> => {
    const { engine, dir } = davitd;
    const authority = await CertificateAuthority.create(dir.path, "ca");
    const issued = await authority.issue("server", { altName: "DNS:localhost" });
    const receiver = new LogReceiver();
    const server = await startPluginServer({
      implements: ["LogDriver"],
      answers: receiver.answers,
      listen: { port: 0, tls: { cert: issued.cert, key: issued.key } },
    });
    const definition = { Name: "x", Addr: server.address, TLSConfig: { CAFile: authority.path } };
    await writeFile(join(engine.pluginSpecDir, "ontls.json"), JSON.stringify(definition));
    return { name: "ontls", server, receiver };
  },
};

describe.each(Object.entries(forms))("a plugin %s", (_name, make) => {
  let form: Form;
  beforeAll(async () => {
    form = await make();
  });
  afterAll(async () => {
    form.receiver.die();
    await form.server[Symbol.asyncDispose]();
  });

  test("gets every line of a run, between StartLogging and StopLogging", async () => {
    const { engine } = davitd;
    const { name, server, receiver } = form;
    const options = ["--log-driver", name, "--log-opt", "address=a.b", "--label", "l=1", "-e", "A=b"];
    const script = "echo out; echo err >&2; head -c 20000 /dev/zero | tr '\\0' x; echo; printf end";
    const before = receiver.logs.length;
    await engine.ok(["run", "--name", "told", ...options, ...container, "sh", "-c", script]);
    const stop = await server.nextCall("LogDriver.StopLogging");
    const log = receiver.logs[before];
    await log?.ended;
    expect(stop.body).toEqual({ File: log?.file });
    expect(log?.file).toMatch(/\/logging\/[0-9a-f]{64}$/);
    const { Id, Image, Created } = JSON.parse(await engine.ok(["inspect", "told", "--format", "{{json .}}"]));
    expect(log?.info).toEqual({
      Config: { address: "a.b" },
      ContainerID: Id,
      ContainerName: "/told",
      ContainerEntrypoint: "sh",
      ContainerArgs: ["-c", script],
      ContainerImageID: Image,
      ContainerImageName: "busybox",
      ContainerCreated: Created,
      ContainerEnv: expect.arrayContaining(["A=b"]),
      ContainerLabels: { l: "1" },
      LogPath: "",
      DaemonName: "docker",
    });
    const entries = log?.entries.filter(({ source }) => source === "stdout") ?? [];
    expect(
      entries.map(({ line, partial, piece }) => [line.length, partial, piece?.ordinal, piece?.last]),
    ).toEqual([
      [3, false, undefined, undefined],
      [16384, true, 1, false],
      [20000 - 16384, true, 2, true],
      [3, true, 1, false],
    ]);
    expect(log?.entries.find(({ source }) => source === "stderr")).toMatchObject({ partial: false });
    expect((await engine.docker(["logs", "told"])).stdout).toBe(`out\n${"x".repeat(20000)}\nend`);
    await engine.ok(["rm", "told"]);
    expect(await readdir(join(engine.dir, "logging")).catch(() => [])).toEqual([]);
  });

  test("that refuses to begin fails the start, and leaves nothing", async () => {
    const { engine } = davitd;
    const { name, server, receiver } = form;
    server.answer({ "LogDriver.StartLogging": () => ({ Err: "will not" }) });
    const id = await engine.ok(["create", "--log-driver", name, ...container, "true"]);
    expect((await engine.docker(["start", id])).stderr).toContain(
      "failed to initialize logging driver: error creating logger: will not",
    );
    server.answer({ "LogDriver.StartLogging": () => pluginError("broken") });
    expect((await engine.docker(["start", id])).stderr).toContain(
      "error creating logger: LogDriver.StartLogging: broken",
    );
    server.answer(receiver.answers);
    await engine.ok(["start", id]);
    await engine.ok(["wait", id]);
    await engine.ok(["rm", id]);
    expect(await readdir(join(engine.dir, "logging")).catch(() => [])).toEqual([]);
  });

  test("that can be read is what logs shows, of a container that runs and of one that does not", async () => {
    const { engine } = davitd;
    const { name, server, receiver } = form;
    const entry = (text: string, second: number) =>
      encodeLogEntry({
        source: "stdout",
        timeNano: BigInt(Date.UTC(2026, 0, 2, 3, 4, second)) * 1_000_000n,
        line: Buffer.from(text),
        partial: false,
      });
    server.answer({
      "LogDriver.Capabilities": () => ({ Cap: { ReadLogs: true } }),
      "LogDriver.ReadLogs": () => Readable.from([entry("read 1", 1), entry("read 2", 2)]),
    });
    server.forget();
    const id = await engine.ok(["run", "-d", "--log-driver", name, ...container, "sleep", "60"]);
    expect((await engine.docker(["logs", "--tail", "7", id])).stdout).toBe("read 1\nread 2\n");
    expect((await server.nextCall("LogDriver.ReadLogs")).body).toMatchObject({
      Info: { ContainerID: id },
      Config: { Since: "0001-01-01T00:00:00Z", Until: "0001-01-01T00:00:00Z", Tail: 7, Follow: false },
    });
    expect((await engine.docker(["logs", "--until", "2026-01-02T03:04:02Z", id])).stdout).toBe("read 1\n");
    await engine.ok(["kill", id]);
    await server.nextCall("LogDriver.StopLogging");
    server.forget();
    expect((await engine.docker(["logs", "-t", id])).stdout).toBe(
      "2026-01-02T03:04:01.000000000Z read 1\n2026-01-02T03:04:02.000000000Z read 2\n",
    );
    expect(server.methods).toEqual([
      "LogDriver.Capabilities",
      "LogDriver.StartLogging",
      "LogDriver.ReadLogs",
      "LogDriver.StopLogging",
    ]);
    await engine.ok(["rm", id]);
    server.answer(receiver.answers);
  });
});
