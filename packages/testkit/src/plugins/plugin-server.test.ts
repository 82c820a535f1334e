import { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { requestApi } from "../api-request.ts";
import { TempDir } from "../temp-dir.ts";
import { PluginReply, pluginError, startPluginServer } from "./plugin-server.ts";

const cleanup: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of cleanup.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

test("records calls, hands each out once, and answers as told, over a socket and again after a restart", async () => {
  const dir = await TempDir.create("ps");
  const socket = dir.join("p.sock");
  const server = await startPluginServer({
    implements: ["VolumeDriver"],
    answers: {
      "A.Echo": (body) => body,
      "A.Fail": () => pluginError("will not"),
      "A.Text": () => new PluginReply(418, "teapot\n"),
      "A.Stream": () => Readable.from(["a", "b"]),
    },
    listen: { socket },
  });
  cleanup.push(dir, server);
  const post = async (method: string, body?: Record<string, unknown>) => {
    const { status, body: text } = await requestApi(socket, "POST", `/${method}`, { body });
    return [status, text];
  };
  const awaited = server.nextCall("A.Echo");
  expect(await post("Plugin.Activate")).toEqual([200, '{"Implements":["VolumeDriver"]}\n']);
  expect(await post("A.Echo", { x: 1 })).toEqual([200, '{"x":1}\n']);
  expect((await awaited).body).toEqual({ x: 1 });
  await expect(server.nextCall("A.Echo", AbortSignal.abort())).rejects.toThrow("Plugin.Activate A.Echo");
  await server.stop();
  await expect(post("A.Echo")).rejects.toThrow("ENOENT");
  await server.start();
  expect(await post("A.Fail")).toEqual([500, '{"Err":"will not"}\n']);
  expect(await post("A.Text")).toEqual([418, "teapot\n"]);
  expect(await post("A.Stream")).toEqual([200, "ab"]);
  expect(await post("A.Nosuch")).toEqual([404, "404 page not found\n"]);
  expect(server.methods.slice(2)).toEqual(["A.Fail", "A.Text", "A.Stream", "A.Nosuch"]);
});

test("tells when its caller hangs up, on a port that it keeps", async () => {
  const server = await startPluginServer({
    answers: {
      "A.Never": () => new Promise(() => undefined),
      "A.Half": () => new PluginReply(200, "{", { cutShort: true }),
    },
    listen: { port: 0 },
  });
  cleanup.push(server);
  const url = server.address.replace("tcp:", "http:");
  const caller = new AbortController();
  const asked = fetch(`${url}/A.Never`, { method: "POST", signal: caller.signal });
  const call = await server.nextCall("A.Never");
  caller.abort();
  await expect(asked).rejects.toThrow("abort");
  await call.hungUp;
  await server.stop();
  await server.start();
  expect(server.address.replace("tcp:", "http:")).toBe(url);
  const half = await fetch(`${url}/A.Half`, { method: "POST" });
  await expect(half.text()).rejects.toThrow("terminated");
});
