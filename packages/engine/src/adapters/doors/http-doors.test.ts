import { once } from "node:events";
import { lstat, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { TempDir } from "@davit/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Logger } from "../../core/ports/logger.ts";
import { HttpDoors } from "./http-doors.ts";

const ignore = (): void => undefined;
const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => logger };
const doors = new HttpDoors({ logger });

let dir: TempDir;
let plugin: Server;
beforeEach(async () => {
  dir = await TempDir.create("do");
  plugin = createServer((_request, response) => response.writeHead(500).end('{"Err":"of its own"}'));
  plugin.listen(dir.join("plugin"));
  await once(plugin, "listening");
});
afterEach(async () => {
  plugin.close();
  plugin.closeAllConnections();
  await dir[Symbol.asyncDispose]();
});

const open = (name: string) =>
  doors.open({
    path: dir.join(name),
    target: dir.join("plugin"),
    answers: new Map([["Plugin.Activate", { Implements: ["VolumeDriver"] }]]),
    passes: (method) => method.startsWith("VolumeDriver."),
    translation: () => undefined,
  });

async function call(name: string, method: string): Promise<readonly [number | undefined, string]> {
  const asking = request({ socketPath: dir.join(name), path: `/${method}`, method: "POST", agent: false });
  asking.end();
  const [response] = await once(asking, "response");
  return [response.statusCode, await text(response)];
}

/** A socket that nobody serves any more. */
async function leaveStale(name: string): Promise<void> {
  const server = createServer().listen(dir.join("bound"));
  await once(server, "listening");
  // Closing removes the name that it was bound to.
  await rename(dir.join("bound"), dir.join(name));
  server.close();
  await once(server, "close");
}

describe("a door", () => {
  it("passes on what the plugin answers, whatever its status, and leaves nothing beside itself", async () => {
    const door = await open("d.sock");
    expect(await call("d.sock", "VolumeDriver.List")).toEqual([500, '{"Err":"of its own"}']);
    expect(await call("d.sock", "Plugin.Activate")).toEqual([200, '{"Implements":["VolumeDriver"]}\n']);
    expect((await lstat(dir.join("d.sock"))).mode & 0o777).toBe(0o600);
    expect(await readdir(dir.path)).toEqual(["d.sock", "plugin"]);
    await door.close();
    expect(await readdir(dir.path)).toEqual(["plugin"]);
  });

  it("says that the plugin cannot be reached", async () => {
    const door = await open("d.sock");
    plugin.close();
    const [status, body] = await call("d.sock", "VolumeDriver.List");
    expect(status).toBe(500);
    expect(body).toContain("the plugin cannot be reached: connect ENOENT");
    await door.close();
  });

  it("takes the place of a socket that nobody serves, and of nothing else", async () => {
    await leaveStale("d.sock");
    const door = await open("d.sock");
    expect((await call("d.sock", "Plugin.Activate"))[0]).toBe(200);
    await expect(open("d.sock")).rejects.toMatchObject({ kind: "conflict" });
    await door.close();
    await writeFile(dir.join("file.sock"), "");
    await expect(open("file.sock")).rejects.toMatchObject({ kind: "conflict" });
    await expect(open(`${"x".repeat(100)}.sock`)).rejects.toThrow("too long for a UNIX socket");
  });

  it("leaves what has taken its place alone when it closes", async () => {
    const door = await open("d.sock");
    await rm(dir.join("d.sock"));
    const successor = await open("d.sock");
    await door.close();
    expect((await call("d.sock", "Plugin.Activate"))[0]).toBe(200);
    await successor.close();
  });

  it("of an earlier engine is cleared away only if nobody serves it", async () => {
    await leaveStale("stale.sock");
    await writeFile(dir.join("file.sock"), "");
    const door = await open("served.sock");
    for (const name of ["stale.sock", "file.sock", "served.sock", "absent.sock"]) {
      await doors.clearStale(dir.join(name));
    }
    expect(await readdir(dir.path)).toEqual(["file.sock", "plugin", "served.sock"]);
    await door.close();
  });
});
