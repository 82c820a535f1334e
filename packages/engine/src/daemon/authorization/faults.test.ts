import { connect } from "node:net";
import { Readable } from "node:stream";
import { PluginReply, type PluginServer, pluginError } from "@davit/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { reply } from "../../http/reply.ts";
import { GuardedEngine } from "./guarded-engine-fixture.ts";

let engine: GuardedEngine;
let guard: PluginServer;
let reached = 0;

beforeEach(async () => {
  reached = 0;
  engine = await GuardedEngine.start([
    {
      method: "GET",
      path: "/x",
      handle: async () => {
        reached += 1;
        return reply.json({ secret: 1 });
      },
    },
  ]);
  guard = await engine.plugin("guard");
});
afterEach(() => engine[Symbol.asyncDispose]());

const refusal = z.object({ message: z.string() });
const ask = async (): Promise<readonly [number, string]> => {
  const { status, body } = await engine.request("GET", "/x");
  return [status, refusal.parse(JSON.parse(body)).message];
};
const nothingAsked = {
  user: "",
  userAuthNMethod: "",
  method: "GET",
  target: "/x",
  headers: {},
  body: "",
  peerCertificates: [],
};
const never = () => new Promise(() => undefined);
const failed = "plugin guard failed with error: ";

describe.each(["AuthZPlugin.AuthZReq", "AuthZPlugin.AuthZRes"])("where %s", (method) => {
  beforeEach(() => engine.chain.open());
  test.each([
    ["is no JSON", "<html>", 500, `${failed}${method}: undecodable answer: `],
    ["is half a JSON value", "{", 500, `${failed}${method}: undecodable answer: `],
    ["is empty", "", 500, `${failed}undecodable answer: it is empty`],
    ["is of another type", { Allow: "true" }, 500, `${failed}undecodable answer: Allow: `],
    ["is a list", [{ Allow: true }], 500, `${failed}undecodable answer: `],
    ["has no members", {}, 403, "authorization denied by plugin guard: "],
    ["says nothing of allowing", { Msg: "hm" }, 403, "authorization denied by plugin guard: hm"],
    ["allows and fails at once", { Allow: true, Err: "oops" }, 500, `${failed}oops`],
    ["fails", pluginError("database gone"), 500, `${failed}${method}: database gone`],
    ["allows with another status", new PluginReply(201, { Allow: true }), 500, `${failed}${method}: `],
    ["is not implemented", new PluginReply(404, "404 page not found\n"), 500, `${failed}${method}: 404`],
    ["breaks off", new PluginReply(200, '{"Allow":true', { cutShort: true }), 500, failed],
  ])("answers what %s, the request is denied", async (_title, answer, status, message) => {
    guard.answer({ [method]: () => answer });
    expect(await ask()).toEqual([status, expect.stringContaining(message)]);
    expect(reached).toBe(method === "AuthZPlugin.AuthZReq" ? 0 : 1);
  });

  test("answers 100 MB, the request is denied before they are read", async () => {
    let sentBytes = 0;
    const chunk = `"${"x".repeat(1024 * 1024)}",`;
    const endless = function* () {
      yield '{"Allow":true,"Junk":[';
      for (let n = 0; n < 100; n += 1) {
        sentBytes += chunk.length;
        yield chunk;
      }
      yield "0]}";
    };
    guard.answer({ [method]: () => Readable.from(endless()) });
    expect(await ask()).toEqual([500, expect.stringContaining("answer of more than 16777216 bytes")]);
    expect(sentBytes).toBeLessThan(50 * 1024 * 1024);
  });

  test("is not answered in time, the request is denied, and the next one is not held up", async () => {
    engine.timeoutMs = 100;
    guard.answer({ [method]: never });
    expect(await ask()).toEqual([500, expect.stringContaining("no answer within 0.1 s")]);
    const call = await guard.nextCall(method);
    await call.hungUp;
    guard.answer({ [method]: () => ({ Allow: true }) });
    expect((await engine.request("GET", "/x")).status).toBe(200);
  });

  test("is answered after its time, the late answer counts for nothing", async () => {
    engine.timeoutMs = 100;
    const late = Promise.withResolvers<unknown>();
    guard.answer({ [method]: () => late.promise });
    expect((await ask())[0]).toBe(500);
    late.resolve({ Allow: true });
    guard.answer({ [method]: () => ({ Allow: false, Msg: "in time" }) });
    expect(await ask()).toEqual([403, "authorization denied by plugin guard: in time"]);
  });
});

test("a plugin that goes between the two phases keeps the answer from being sent", async () => {
  await engine.chain.open();
  guard.answer({
    "AuthZPlugin.AuthZReq": () => {
      setImmediate(() => void guard.stop());
      return { Allow: true };
    },
    "AuthZPlugin.AuthZRes": never,
  });
  const [status, message] = await ask();
  expect([status, message]).toEqual([500, expect.stringContaining(failed)]);
  guard.answer({
    "AuthZPlugin.AuthZReq": () => ({ Allow: true }),
    "AuthZPlugin.AuthZRes": () => ({ Allow: true }),
  });
  await guard.start();
  expect((await engine.request("GET", "/x")).status).toBe(200);
});

test("a plugin that is not there denies, and is asked again as soon as it is", async () => {
  await engine.chain.open();
  await guard.stop();
  expect(await ask()).toEqual([500, expect.stringContaining("connect: no such file or directory")]);
  await guard.start();
  expect((await engine.request("GET", "/x")).status).toBe(200);
});

test("a plugin that nobody knows denies, is named in the log, and cannot be added", async () => {
  engine.names = ["guard", "missing"];
  await engine.chain.open();
  expect(engine.logged.join()).toContain("authorization plugin cannot be asked: every request is denied");
  expect(await ask()).toEqual([500, 'plugin missing failed with error: plugin "missing" not found']);
  engine.names = ["guard"];
  await expect(engine.chain.requireUsable(["guard", "missing"])).rejects.toThrow(
    'setting authorization-plugins: plugin missing cannot be asked: plugin "missing" not found',
  );
  await engine.chain.requireUsable(["guard", "other"]);
  await engine.chain.requireUsable([]);
});

test("before plugins are up a request waits, and is denied when that takes too long", async () => {
  const waiting = engine.chain.begin(new AbortController().signal)?.allowRequest(nothingAsked);
  engine.timeoutMs = 50;
  expect(await ask()).toEqual([500, expect.stringContaining("no answer within 0.05 s")]);
  expect(reached).toBe(0);
  expect(guard.methods).toEqual([]);
  await engine.chain.open();
  await waiting;
  expect(guard.methods).toEqual(["AuthZPlugin.AuthZReq"]);
});

test("a client that goes away ends the question", async () => {
  await engine.chain.open();
  guard.answer({ "AuthZPlugin.AuthZReq": never });
  const socket = connect(engine.socket);
  socket.write("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
  const call = await guard.nextCall("AuthZPlugin.AuthZReq");
  socket.destroy();
  await call.hungUp;
  expect(reached).toBe(0);
});

test("a plugin is asked over connections that are kept", async () => {
  await engine.chain.open();
  for (let n = 0; n < 20; n += 1) await engine.request("GET", "/x");
  expect(new Set(guard.calls.map(({ headers }) => headers.connection))).toEqual(new Set(["keep-alive"]));
  expect(guard.connections).toBeLessThanOrEqual(2);
});
