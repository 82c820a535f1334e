import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LogFields, PluginLogger } from "./line-logger.ts";
import { type PluginServer, servePlugin } from "./serve-plugin.ts";
import { MemoryVolumeDriver } from "./testing/memory-volume-driver.ts";
import { PluginClient } from "./testing/plugin-client.ts";

class LogKeeper implements PluginLogger {
  readonly lines: { level: string; message: string; fields: LogFields }[] = [];
  debug(fields: LogFields, message: string): void {
    this.lines.push({ level: "debug", message, fields });
  }
  info(fields: LogFields, message: string): void {
    this.lines.push({ level: "info", message, fields });
  }
  error(fields: LogFields, message: string): void {
    this.lines.push({ level: "error", message, fields });
  }
}

let dir: string;
let socket: string;
let log: LogKeeper;
let driver: MemoryVolumeDriver;
let plugin: PluginServer | undefined;
let client: PluginClient;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "sdk-"));
  socket = join(dir, "p.sock");
  log = new LogKeeper();
  driver = new MemoryVolumeDriver();
  client = new PluginClient(socket);
});

afterEach(async () => {
  client.close();
  await plugin?.stop();
  plugin = undefined;
  await rm(dir, { recursive: true });
});

async function serve(options: { bodyLimitBytes?: number; graceMs?: number; signal?: AbortSignal } = {}) {
  plugin = await servePlugin({ volumeDriver: driver }, { socket, logger: log, ...options });
  return plugin;
}

/** A driver whose unmount ends when told to. */
function holdUnmount() {
  const started = Promise.withResolvers<AbortSignal>();
  const release = Promise.withResolvers<void>();
  Object.assign(driver, {
    unmount: async (_request: unknown, call: { signal: AbortSignal }) => {
      started.resolve(call.signal);
      await release.promise;
    },
  });
  return { started: started.promise, release: release.resolve };
}

describe("the wire", () => {
  it("answers Plugin.Activate with the interfaces of the drivers given", async () => {
    await serve();
    const answer = await client.call("Plugin.Activate");
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("application/vnd.docker.plugins.v1.2+json");
    expect(JSON.parse(answer.body)).toEqual({ Implements: ["VolumeDriver"] });
  });

  it("parses bodies without a Content-Type, keys in any case, null options as none", async () => {
    await serve();
    const answer = await client.call("VolumeDriver.Create", '{"name":"v","OPTS":null,"Extra":1}\n');
    expect(JSON.parse(answer.body)).toEqual({ Err: "" });
    expect(driver.asked).toEqual(["create v {}"]);
  });

  it("passes names, IDs and answers through every method", async () => {
    await serve();
    const ask = async (method: string, body: object) =>
      JSON.parse((await client.call(`VolumeDriver.${method}`, JSON.stringify(body))).body);
    await ask("Create", { Name: "v", Opts: { size: "1m" } });
    expect(await ask("Get", { Name: "v" })).toEqual({
      Volume: {
        Name: "v",
        Mountpoint: "",
        CreatedAt: "1970-01-01T00:00:00.000Z",
        Status: { colour: "blue" },
      },
      Err: "",
    });
    expect(await ask("Get", { Name: "none" })).toEqual({ Volume: null, Err: "" });
    expect(await ask("List", {})).toEqual({ Volumes: [{ Name: "v", Mountpoint: "" }], Err: "" });
    expect(await ask("Mount", { Name: "v", ID: "i" })).toEqual({ Mountpoint: "/mnt/volumes/v", Err: "" });
    expect(await ask("Path", { Name: "v" })).toEqual({ Mountpoint: "", Err: "" });
    expect(await ask("Unmount", { Name: "v", ID: "i" })).toEqual({ Err: "" });
    expect(await ask("Capabilities", {})).toEqual({ Capabilities: { Scope: "local" }, Err: "" });
    expect(await ask("Remove", { Name: "v" })).toEqual({ Err: "" });
    expect(driver.asked).toEqual(['create v {"size":"1m"}', "mount v i", "unmount v i", "remove v"]);
  });

  it("takes an empty body for a method without arguments", async () => {
    await serve();
    expect((await client.call("VolumeDriver.List")).status).toBe(200);
  });

  it("answers 500 with Err when the driver throws", async () => {
    await serve();
    const answer = await client.call("VolumeDriver.Create", '{"Name":"v","Opts":{"fail":"disk is full"}}');
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toEqual({ Err: "disk is full" });
  });

  it("answers 404 to an unknown method", async () => {
    await serve();
    const answer = await client.call("VolumeDriver.Fly", "{}");
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toEqual({ Err: "method not implemented" });
  });

  it.each([
    ["{", "bad request: "],
    ["", "bad request: Name: "],
    ["[]", "bad request: "],
    ['{"Name":1}', "bad request: Name: "],
    ['{"Name":"v","Opts":{"a":1}}', "bad request: Opts.a: "],
  ])("answers 400 with a reason to the body %j", async (body, reason) => {
    await serve();
    const answer = await client.call("VolumeDriver.Create", body);
    expect(answer.status).toBe(400);
    expect(answer.headers["content-type"]).toContain("text/plain");
    expect(answer.body).toContain(reason);
    expect(driver.asked).toEqual([]);
  });

  it("answers 405 to another verb", async () => {
    await serve();
    expect((await client.call("Plugin.Activate", "", { verb: "GET" })).status).toBe(405);
  });

  it("answers 413 to a body past the limit, and goes on serving", async () => {
    await serve({ bodyLimitBytes: 1000 });
    const name = "v".repeat(1000);
    const answer = await client.call("VolumeDriver.Create", JSON.stringify({ Name: name }));
    expect(answer.status).toBe(413);
    expect((await client.call("Plugin.Activate")).status).toBe(200);
  });

  it("refuses to serve nothing", async () => {
    await expect(servePlugin({}, { socket })).rejects.toThrow("serve plugin: no driver given");
  });
});

describe("the log", () => {
  it("has one line per call with its duration, queries at level debug", async () => {
    await serve();
    await client.call("VolumeDriver.Create", '{"Name":"v"}');
    await client.call("VolumeDriver.Get", '{"Name":"v"}');
    const calls = log.lines.filter((line) => line.message.startsWith("VolumeDriver."));
    expect(calls).toMatchObject([
      { level: "info", message: "VolumeDriver.Create", fields: { name: "v" } },
      { level: "debug", message: "VolumeDriver.Get", fields: { name: "v" } },
    ]);
    expect(calls.every((line) => typeof line.fields["ms"] === "number")).toBe(true);
  });

  it("tells a failure at level error with its reason", async () => {
    await serve();
    await client.call("VolumeDriver.Create", '{"Name":"v","Opts":{"fail":"disk is full"}}');
    expect(log.lines.filter((line) => line.level === "error")).toMatchObject([
      { message: "VolumeDriver.Create", fields: { name: "v", status: 500, error: "disk is full" } },
    ]);
  });
});

describe("the socket", () => {
  it("has mode 0660 and nothing is left beside it", async () => {
    await serve();
    expect((await stat(socket)).mode & 0o777).toBe(0o660);
    expect(await readdir(dir)).toEqual(["p.sock"]);
  });

  it("replaces a stale one", async () => {
    const dead = createServer().listen(`${socket}.was`);
    await once(dead, "listening");
    // Renamed away, so that closing leaves it behind as a crash does.
    await rename(`${socket}.was`, socket);
    dead.close();
    await once(dead, "close");
    await serve();
    expect((await client.call("Plugin.Activate")).status).toBe(200);
  });

  it("is not taken from a live process", async () => {
    await serve();
    await expect(servePlugin({ volumeDriver: driver }, { socket, logger: log })).rejects.toThrow(
      `listen ${socket}: another process is serving it`,
    );
    expect((await client.call("Plugin.Activate")).status).toBe(200);
  });

  it("does not replace a file", async () => {
    await writeFile(socket, "precious");
    await expect(serve()).rejects.toThrow(`listen ${socket}: exists and is not a socket`);
    expect(await readFile(socket, "utf8")).toBe("precious");
  });

  it("is gone after a stop", async () => {
    const served = await serve();
    await served.stop();
    expect(await readdir(dir)).toEqual([]);
  });
});

describe("stopping", () => {
  it("finishes the call under way, then closes the connection", async () => {
    const { started, release } = holdUnmount();
    const served = await serve();
    const call = client.call("VolumeDriver.Unmount", '{"Name":"v","ID":"i"}');
    const signal = await started;
    const stopped = served.stop();
    release();
    const answer = await call;
    expect(answer.status).toBe(200);
    expect(answer.headers.connection).toBe("close");
    await stopped;
    expect(signal.aborted).toBe(true);
  });

  it("aborts the call under way when the grace is over", async () => {
    const { started } = holdUnmount();
    const served = await serve({ graceMs: 1 });
    const call = client.call("VolumeDriver.Unmount", '{"Name":"v","ID":"i"}');
    const outcome = call.catch((error: unknown) => error);
    const signal = await started;
    await served.stop();
    expect(signal.aborted).toBe(true);
    expect(await outcome).toBeInstanceOf(Error);
  });

  it("follows an AbortSignal and takes its listeners away", async () => {
    const before = process.listenerCount("SIGTERM");
    const abort = new AbortController();
    const served = await serve({ signal: abort.signal });
    expect(process.listenerCount("SIGTERM")).toBe(before + 1);
    abort.abort();
    await served.stopped;
    expect(process.listenerCount("SIGTERM")).toBe(before);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("lets the process end with 0 on %s", async (signal) => {
    const sdk = new URL("serve-plugin.ts", import.meta.url).href;
    const memory = new URL("testing/memory-volume-driver.ts", import.meta.url).href;
    const program = `
      import { servePlugin } from ${JSON.stringify(sdk)};
      import { MemoryVolumeDriver } from ${JSON.stringify(memory)};
      await servePlugin({ volumeDriver: new MemoryVolumeDriver() }, { socket: ${JSON.stringify(socket)} });
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      expect(await lines.next()).toEqual({ done: false, value: `serving socket=${socket}` });
      expect((await client.call("Plugin.Activate")).status).toBe(200);
      child.kill(signal);
      expect(await exited).toEqual([0, null]);
      expect(await readdir(dir)).toEqual([]);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("does not start when the signal is aborted already", async () => {
    await expect(serve({ signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  });
});

it("aborts the driver's signal when the engine hangs up", async () => {
  const { started, release } = holdUnmount();
  await serve();
  const hangUp = new AbortController();
  const call = client.call("VolumeDriver.Unmount", '{"Name":"v","ID":"i"}', { signal: hangUp.signal });
  const outcome = call.catch((error: unknown) => error);
  const signal = await started;
  const aborted = once(signal, "abort");
  hangUp.abort();
  await aborted;
  expect(await outcome).toBeInstanceOf(Error);
  release();
});
