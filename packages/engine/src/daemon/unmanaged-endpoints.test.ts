import { rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import {
  type PluginAnswer,
  PluginReply,
  type PluginServer,
  type PluginServerOptions,
  startPluginServer,
  TempDir,
} from "@davit/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileDiscovery } from "../adapters/discovery/file-discovery.ts";
import { LinuxMountFiles } from "../adapters/mount-files/linux-mount-files.ts";
import { pluginConnector } from "../adapters/rpc/plugin-connector.ts";
import { EngineError } from "../core/errors.ts";
import { Layout } from "../core/layout.ts";
import { sampleRecord } from "../core/plugin/sample-record.ts";
import type { Logger } from "../core/ports/logger.ts";
import { EveryEndpoint } from "../services/endpoints/every-endpoint.ts";
import { ManagedEndpoints } from "../services/endpoints/managed-endpoints.ts";
import { UnmanagedEndpoints } from "../services/endpoints/unmanaged-endpoints.ts";
import { untilReached } from "../services/endpoints/until-reached.ts";

const ignore = (): void => undefined;
const logged: string[] = [];
/** Called with each warning. */
let onWarning = ignore;
const logger: Logger = {
  debug: ignore,
  info: ignore,
  warn: (fields) => {
    logged.push(JSON.stringify(fields));
    onWarning();
  },
  error: ignore,
  child: () => logger,
};

let dir: TempDir;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  dir = await TempDir.create("ue");
  stack = new AsyncDisposableStack();
  stack.use(dir);
  logged.length = 0;
  onWarning = ignore;
});
afterEach(() => stack.disposeAsync());

function endpointsOf(retryMs: number): UnmanagedEndpoints {
  const endpoints = new UnmanagedEndpoints({
    discovery: new FileDiscovery({ socketDir: dir.path, specDirs: [dir.path], logger }),
    connector: pluginConnector,
    mountFiles: new LinuxMountFiles(),
    logger,
    retryMs,
  });
  stack.defer(() => endpoints.close());
  return endpoints;
}

async function serve(
  answers: Readonly<Record<string, PluginAnswer>>,
  listen: PluginServerOptions["listen"] = { socket: dir.join("p.sock") },
): Promise<PluginServer> {
  const implemented = ["VolumeDriver"];
  return stack.use(await startPluginServer({ implements: implemented, answers, listen }));
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("a plugin that the engine does not manage", () => {
  it("is asked once what it is, however many use it first at the same time", async () => {
    const server = await serve({});
    const endpoints = endpointsOf(0);
    const uses = await Promise.all(Array.from({ length: 20 }, () => endpoints.get("p", "volumedriver")));
    expect(server.methods).toEqual(["Plugin.Activate"]);
    expect(server.calls[0]?.rawBody).toBe("");
    expect(new Set(uses.map(({ connection }) => connection)).size).toBe(1);
    expect(endpoints.used("volumedriver")).toEqual(["p"]);
    expect(endpoints.used("networkdriver")).toEqual([]);
  });

  it("is asked again after an answer that was none", async () => {
    const server = await serve({ "Plugin.Activate": () => new PluginReply(500, "not yet") });
    const endpoints = endpointsOf(0);
    await expect(endpoints.get("p", "volumedriver")).rejects.toThrow("Plugin.Activate: not yet");
    server.answer({ "Plugin.Activate": () => ({ Implements: "VolumeDriver" }) });
    await expect(endpoints.get("p", "volumedriver")).rejects.toThrow(
      `plugin p (${dir.join("p.sock")}): Plugin.Activate: undecodable answer: Implements: `,
    );
    server.answer({ "Plugin.Activate": () => ({ implements: ["VolumeDriver"] }) });
    expect((await endpoints.get("p", "volumedriver")).name).toBe("p");
  });

  it("serves only what it says", async () => {
    const server = await serve({ "Plugin.Activate": () => ({ Implements: ["volumedriver"] }) });
    await expect(endpointsOf(0).get("p", "volumedriver")).rejects.toThrow(
      'Plugin does not implement the requested driver: plugin="p", requested implementation="VolumeDriver"',
    );
    expect(server.methods).toEqual(["Plugin.Activate"]);
  });

  it("is named with its file when it fails, and not when it refuses", async () => {
    await serve({
      "VolumeDriver.Get": () => new PluginReply(500, { Err: "no such volume" }),
      "VolumeDriver.List": () => "<html>",
    });
    const { connection } = await endpointsOf(0).get("p", "volumedriver");
    const refused = await failureOf(connection.call("VolumeDriver.Get", {}, {}));
    expect(refused).toMatchObject({ message: "VolumeDriver.Get: no such volume", status: 500 });
    await expect(connection.call("VolumeDriver.List", {}, {})).rejects.toThrow(
      `plugin p (${dir.join("p.sock")}): VolumeDriver.List: undecodable answer`,
    );
  });

  it("answers paths of the host, which must be absolute, and not all of it", async () => {
    await serve({});
    const endpoint = await endpointsOf(0).get("p", "volumedriver");
    expect(endpoint.toHostPath("/some/where")).toBe("/some/where");
    expect(await endpoint.toRealPath(dir.path)).toBe(dir.path);
    expect(await endpoint.toRealPath("/no/such")).toBeUndefined();
    await expect(endpoint.toRealPath("tmp")).rejects.toThrow("is not absolute");
    await expect(endpoint.toRealPath("/tmp/..")).rejects.toThrow("whole root");
  });
});

describe("a plugin that is not there", () => {
  it("is not waited for where nobody asks for that", async () => {
    const endpoints = endpointsOf(60_000);
    await expect(endpoints.get("p", "volumedriver")).rejects.toMatchObject({
      kind: "not-found",
      message: 'plugin "p" not found',
    });
    await writeFile(dir.join("p.spec"), "tcp://127.0.0.1:1");
    await expect(endpoints.get("p", "volumedriver")).rejects.toThrow(
      'Post "http://127.0.0.1:1/Plugin.Activate": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    expect(await endpoints.names("volumedriver")).toEqual([]);
    await endpoints.names("volumedriver");
    expect(logged).toEqual([expect.stringContaining("connection refused")]);
  });

  it("is found the moment it listens, and held up nothing", async () => {
    const endpoints = endpointsOf(60_000);
    const waiting = endpoints.waitFor("p", "volumedriver");
    await expect(endpoints.get("other", "volumedriver")).rejects.toThrow("not found");
    const startedAt = performance.now();
    await serve({});
    expect((await waiting).name).toBe("p");
    // The first try without an event would come after a second.
    expect(performance.now() - startedAt).toBeLessThan(900);
  });

  it("is found the moment it is defined, even if its file is written little by little", async () => {
    const server = await serve({}, { port: 0 });
    const waited = new Promise<void>((done) => {
      onWarning = done;
    });
    const waiting = endpointsOf(60_000).waitFor("p", "volumedriver");
    await waited;
    await writeFile(dir.join("p.spec"), "");
    await writeFile(dir.join("p.spec"), "tcp:");
    await writeFile(dir.join("p.spec"), server.address);
    expect((await waiting).definedBy).toBe(dir.join("p.spec"));
  });

  it("is given up at the end of the time, and a definition that stays broken before", async () => {
    const endpoints = endpointsOf(50);
    await expect(endpoints.waitFor("p", "volumedriver")).rejects.toThrow('plugin "p" not found');
    const waited = new Promise<void>((done) => {
      onWarning = done;
    });
    const broken = endpointsOf(60_000).waitFor("q", "volumedriver");
    await waited;
    await writeFile(dir.join("q.json"), "{");
    await expect(broken).rejects.toThrow(`${dir.join("q.json")}: invalid JSON`);
  });

  it("is waited for until the caller goes away, or the engine stops", async () => {
    const endpoints = endpointsOf(60_000);
    const caller = new AbortController();
    const waiting = failureOf(endpoints.waitFor("p", "volumedriver", caller.signal));
    const other = failureOf(endpoints.waitFor("p", "volumedriver"));
    caller.abort();
    expect(await waiting).toMatchObject({ kind: "canceled" });
    endpoints.endWaiting();
    expect(await other).toMatchObject({ kind: "canceled" });
  });
});

describe("a plugin that goes away", () => {
  it("is called when it is back, on another socket of the same name, after it was asked what it is", async () => {
    const server = await serve({ "VolumeDriver.Remove": () => ({}) });
    const { connection } = await endpointsOf(60_000).get("p", "volumedriver");
    await server.stop();
    const call = connection.call("VolumeDriver.Remove", { Name: "v" }, {});
    await server.start();
    expect(await call).toEqual({});
    expect(server.methods).toEqual(["Plugin.Activate", "Plugin.Activate", "VolumeDriver.Remove"]);
    expect(server.calls.at(-1)?.rawBody).toBe('{"Name":"v"}\n');
  });

  it("fails calls at once that are to", async () => {
    const server = await serve({});
    const { connection } = await endpointsOf(60_000).get("p", "volumedriver");
    await server.stop();
    await expect(connection.call("VolumeDriver.List", {}, { atOnce: true })).rejects.toThrow(
      `dial unix ${dir.join("p.sock")}: connect: no such file or directory`,
    );
  });

  it("is not asked again what it may have received", async () => {
    const server = await serve({
      "VolumeDriver.Remove": () => new PluginReply(200, "{", { cutShort: true }),
    });
    const { connection } = await endpointsOf(60_000).get("p", "volumedriver");
    await expect(connection.call("VolumeDriver.Remove", {}, {})).rejects.toMatchObject({
      kind: "unavailable",
    });
    expect(server.methods).toEqual(["Plugin.Activate", "VolumeDriver.Remove"]);
  });

  it("is not asked again what it has not answered in time, and its late answer is nobody's", async () => {
    const held = Promise.withResolvers<object>();
    const server = await serve({ "VolumeDriver.Remove": () => held.promise });
    const { connection } = await endpointsOf(60_000).get("p", "volumedriver");
    await expect(connection.call("VolumeDriver.Remove", {}, { timeoutMs: 50 })).rejects.toThrow(
      `plugin p (${dir.join("p.sock")}): Post "http://plugin.moby.localhost/VolumeDriver.Remove": no answer within 0.05 s`,
    );
    held.resolve({ Err: "late" });
    server.answer({ "VolumeDriver.Remove": () => ({ Err: "in time" }) });
    expect(await connection.call("VolumeDriver.Remove", {}, {})).toEqual({ Err: "in time" });
    expect(server.methods).toEqual(["Plugin.Activate", "VolumeDriver.Remove", "VolumeDriver.Remove"]);
  });

  it("is tried again at once when it changed while it was tried", async () => {
    const discovery = new FileDiscovery({ socketDir: dir.path, specDirs: [dir.path], logger });
    const missing = new EngineError("not-found", "not yet");
    let attempts = 0;
    let changedAt = 0;
    const attempt = async (): Promise<number> => {
      attempts += 1;
      if (attempts === 3) {
        using witness = await discovery.watch("p");
        await writeFile(dir.join("p.spec"), "http://127.0.0.1:1");
        await witness.changed();
        // Whoever watches has been told by now.
        for (let turn = 0; turn < 20; turn += 1) await discovery.find("p");
        changedAt = performance.now();
      }
      if (attempts < 4) throw missing;
      return performance.now() - changedAt;
    };
    const { signal } = new AbortController();
    const watch = () => discovery.watch("p");
    // The second of the pauses is one of two seconds.
    expect(
      await untilReached(attempt, { plugin: "p", watch, windowMs: 60_000, signal, logger }),
    ).toBeLessThan(1_000);
  });

  it("costs a search its time once", { timeout: 20_000 }, async () => {
    const deaf = createServer().listen(dir.join("deaf.sock"));
    stack.defer(() => void deaf.close());
    await serve({});
    const endpoints = endpointsOf(60_000);
    expect(await endpoints.names("volumedriver")).toEqual(["p"]);
    const late = AbortSignal.timeout(4_000);
    expect(await endpoints.names("volumedriver", late)).toEqual(["p"]);
  });

  it("is another one where another file says so", async () => {
    const [first, second] = [await serve({}, { port: 0 }), await serve({}, { port: 0 })];
    const endpoints = endpointsOf(0);
    await writeFile(dir.join("p.spec"), first.address);
    const before = await endpoints.get("p", "volumedriver");
    expect((await endpoints.get("p", "volumedriver")).connection).toBe(before.connection);
    await writeFile(dir.join("p.spec"), second.address);
    const after = await endpoints.get("p", "volumedriver");
    expect(after.connection).not.toBe(before.connection);
    expect(second.methods).toEqual(["Plugin.Activate"]);
    // Whoever still has the old one is led to the new one.
    second.answer({ "VolumeDriver.List": () => ({}) });
    expect(await before.connection.call("VolumeDriver.List", {}, { atOnce: true })).toEqual({});
    await rm(dir.join("p.spec"));
    await expect(endpoints.get("p", "volumedriver")).rejects.toThrow("not found");
  });

  it.each([
    ["a TLSConfig without a CAFile", "p.json", '{"Addr":"https://192.0.2.1:1","TLSConfig":{}}', 1],
    ["a .spec", "p.spec", "https://192.0.2.1:1", 1],
    ["no TLSConfig, which is the web's", "p.json", '{"Addr":"https://192.0.2.1:1"}', 0],
    ["a TLSConfig for this host", "p.json", '{"Addr":"https://127.0.0.1:1","TLSConfig":{}}', 0],
    ["no TLS", "p.json", '{"Addr":"http://192.0.2.1:1","TLSConfig":{}}', 0],
  ])("is told of once where nobody is verified: %s", async (_title, file, text, warnings) => {
    await writeFile(dir.join(file), text);
    const endpoints = endpointsOf(0);
    // Nothing is sent to who is no more waited for.
    for (const signal of [AbortSignal.abort(), AbortSignal.abort()])
      await failureOf(endpoints.get("p", "volumedriver", signal));
    endpoints.close();
    expect(logged.filter((fields) => fields.includes('"address":"https://192.0.2.1:1"'))).toHaveLength(
      warnings,
    );
  });

  it("does not hold up those that are there, even if its socket takes connections and nobody answers", async () => {
    const deaf = createServer().listen(dir.join("deaf.sock"));
    stack.defer(() => void deaf.close());
    await serve({});
    const endpoints = endpointsOf(60_000);
    const caller = new AbortController();
    const waiting = failureOf(endpoints.waitFor("deaf", "volumedriver", caller.signal));
    expect((await endpoints.get("p", "volumedriver")).name).toBe("p");
    caller.abort();
    expect(await waiting).toMatchObject({ kind: "canceled" });
  });
});

describe("plugins of one name", () => {
  const record = (name: string, enabled: boolean) => sampleRecord({ name, enabled });

  function everyEndpoint(find: (name: string) => ReturnType<typeof record>): EveryEndpoint {
    const managed = new ManagedEndpoints({
      plugins: { find, enabled: () => [], connection: () => Promise.reject(new Error("not up")) },
      mountFiles: new LinuxMountFiles(),
      layout: new Layout({ data: "/d", exec: "/e", pluginSockets: "/s" }),
    });
    return new EveryEndpoint({ managed, unmanaged: endpointsOf(0) });
  }

  it("are the managed one first, even if it is disabled", async () => {
    await serve({});
    const every = everyEndpoint(() => record("p:latest", false));
    await expect(every.get("p", "volumedriver")).rejects.toThrow("plugin p found but disabled");
    expect(await every.names("volumedriver")).toEqual([]);
    expect(every.canonicalName("p")).toBe("p:latest");
  });

  it("are the other one where nothing is managed under the name, which stays as it is", async () => {
    await serve({});
    const every = everyEndpoint(() => {
      throw new EngineError("not-found", "none");
    });
    expect((await every.get("p", "volumedriver")).name).toBe("p");
    expect(await every.names("volumedriver")).toEqual(["p"]);
    expect(every.canonicalName("p")).toBe("p");
  });

  it("are told from the beginnings of IDs", async () => {
    await serve({});
    const every = everyEndpoint(() => record("other:latest", false));
    expect((await every.get("p", "volumedriver")).name).toBe("p");
    await expect(every.get("q", "volumedriver")).rejects.toThrow("plugin q found but disabled");
  });
});
