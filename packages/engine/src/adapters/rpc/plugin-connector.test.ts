import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pluginConnector } from "./plugin-connector.ts";

describe("calls to a plugin", () => {
  let dir: string;
  let path: string;
  let server: Server | undefined;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "davit-rpc-"));
    path = join(dir, "p.sock");
  });
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
    rmSync(dir, { recursive: true });
  });

  function answer(status: number, text: string): Promise<{ seen: () => string[] }> {
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<{ seen: () => string[] }>();
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        seen.push(
          `${request.method} ${request.url} ${request.headers["content-type"] ?? "-"} ${JSON.stringify(body)}`,
        );
        if (status !== 0) response.writeHead(status).end(text);
      });
    }).listen(path, () => resolve({ seen: () => seen }));
    return promise;
  }
  const open = (timeoutMs = 0) => pluginConnector.open({ socketPath: path }, { plugin: "p", timeoutMs });

  it("posts JSON and a newline without a content type and gives back the decoded answer", async () => {
    const { seen } = await answer(200, '{"Err":""}\n');
    const connection = open();
    await expect(connection.call("VolumeDriver.List", {}, {})).resolves.toEqual({ Err: "" });
    await expect(connection.call("Plugin.Activate", undefined, {})).resolves.toEqual({ Err: "" });
    expect(seen()).toEqual(['POST /VolumeDriver.List - "{}\\n"', 'POST /Plugin.Activate - ""']);
    connection.close();
  });

  it("gives back an answer of any length as it comes", async () => {
    const text = "x".repeat(20 * 1024 * 1024);
    await answer(200, text);
    const connection = open();
    let length = 0;
    for await (const chunk of await connection.stream("LogDriver.ReadLogs", {}, {})) length += chunk.length;
    expect(length).toBe(text.length);
    connection.close();
  });

  it("ends a streamed answer with the caller's signal", async () => {
    await answer(200, "x".repeat(20 * 1024 * 1024));
    const connection = open();
    const caller = new AbortController();
    const stream = await connection.stream("LogDriver.ReadLogs", {}, { signal: caller.signal });
    caller.abort();
    await expect(Array.fromAsync(stream)).rejects.toThrow("abort");
    connection.close();
  });

  it("tells the status of a streamed answer that is a failure", async () => {
    await answer(404, "no such method");
    const connection = open();
    await expect(connection.stream("LogDriver.ReadLogs", {}, {})).rejects.toMatchObject({
      message: "LogDriver.ReadLogs: no such method",
      status: 404,
    });
    connection.close();
  });

  it.each([
    ["the Err of a failed call", 500, '{"Err":"disk on fire"}', "VolumeDriver.Get: disk on fire"],
    ["a text that is no JSON, as it is", 418, "teapot\n", "VolumeDriver.Get: teapot\n"],
    ["garbage under status 200", 200, "<html>", "VolumeDriver.Get: undecodable answer"],
  ])("reports %s", async (_title, status, text, message) => {
    await answer(status, text);
    const connection = open();
    await expect(connection.call("VolumeDriver.Get", {}, {})).rejects.toThrow(message);
    connection.close();
  });

  it("gives up on a plugin that never answers, naming the bound", async () => {
    await answer(0, "");
    const connection = open();
    await expect(connection.call("VolumeDriver.Get", {}, { timeoutMs: 50 })).rejects.toThrow(
      'Post "http://plugin.moby.localhost/VolumeDriver.Get": no answer within 0.05 s',
    );
    connection.close();
  });

  it("asks again where the plugin has no room for one more connection", async () => {
    server = createServer((_request, response) => response.end("{}"));
    const listening = once(server, "listening");
    server.listen({ path, backlog: 1 });
    await listening;
    const connection = open();
    const calls = Array.from({ length: 16 }, () => connection.call("VolumeDriver.List", {}, {}));
    await expect(Promise.all(calls)).resolves.toHaveLength(16);
    connection.close();
  });

  it("holds up no call behind others, however many hang", async () => {
    const hanging = new Set<string>();
    const all = Promise.withResolvers<void>();
    server = createServer((request, response) => {
      if (request.url === "/VolumeDriver.List") response.end("{}");
      else if (hanging.add(`${hanging.size}`).size === 40) all.resolve();
    });
    server.listen(path);
    await once(server, "listening");
    const connection = open();
    const mounts = Array.from({ length: 40 }, () => connection.call("VolumeDriver.Mount", {}, {}));
    const ended = Promise.allSettled(mounts);
    await all.promise;
    await expect(connection.call("VolumeDriver.List", {}, {})).resolves.toEqual({});
    connection.close();
    await ended;
  });

  it("reads no more of a streamed failure than can be told", async () => {
    server = createServer((_request, response) => {
      response.writeHead(500);
      const more = (): void => {
        while (response.write("x".repeat(65_536)));
        response.once("drain", more);
      };
      more();
    });
    server.listen(path);
    await once(server, "listening");
    const connection = open();
    await expect(connection.stream("LogDriver.ReadLogs", {}, {})).rejects.toThrow(
      /^LogDriver.ReadLogs: x{65536}$/,
    );
    connection.close();
  });

  it("ends a call when its caller goes away", async () => {
    await answer(0, "");
    const caller = new AbortController();
    const connection = open();
    const call = connection.call("VolumeDriver.Get", {}, { signal: caller.signal });
    caller.abort();
    await expect(call).rejects.toMatchObject({ kind: "canceled" });
    connection.close();
  });

  it("names the socket of a plugin that is not there", async () => {
    const connection = open();
    await expect(connection.call("VolumeDriver.Get", {}, {})).rejects.toThrow(
      `dial unix ${path}: connect: no such file or directory`,
    );
    connection.close();
  });

  it("sees a socket that appears while it waits", async () => {
    const { signal } = new AbortController();
    const waiting = pluginConnector.waitUntilListening(path, { timeoutMs: 5000, signal });
    await answer(200, "{}");
    await expect(waiting).resolves.toBeUndefined();
  });

  it("does not follow a link that the plugin made in the place of its socket", async () => {
    await answer(200, "{}");
    symlinkSync(path, join(dir, "link.sock"));
    const { signal } = new AbortController();
    const waiting = pluginConnector.waitUntilListening(join(dir, "link.sock"), { timeoutMs: 50, signal });
    await expect(waiting).rejects.toThrow("link.sock is not a socket");
  });

  it("stops waiting at its time limit and says what was missing", async () => {
    const { signal } = new AbortController();
    await expect(pluginConnector.waitUntilListening(path, { timeoutMs: 30, signal })).rejects.toThrow(
      `dial unix ${path}: connect: no such file or directory (the plugin did not listen within 0.03 s)`,
    );
  });
});
