import { connect } from "node:net";
import type { PluginServer } from "@davit/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { EngineError } from "../../core/errors.ts";
import { reply } from "../../http/reply.ts";
import type { Route } from "../../http/route.ts";
import { GuardedEngine, shownBody } from "./guarded-engine-fixture.ts";

const done: string[] = [];
let released: Promise<void>;
let release: () => void;

const routes: readonly Route[] = [
  { method: "GET", path: "/x", handle: async () => reply.json({ secret: 1 }) },
  {
    method: "POST",
    path: "/create",
    handle: async ({ body }) => {
      const { Name } = await body.json(z.object({ Name: z.string() }));
      done.push(Name);
      return reply.json({ Id: Name }, 201, { "X-A": "b" });
    },
  },
  { method: "DELETE", path: "/x", handle: async () => reply.empty(204) },
  { method: "GET", path: "/_ping", handle: async () => reply.text("OK") },
  {
    method: "GET",
    path: "/none",
    handle: async () => Promise.reject(new EngineError("not-found", "no such x")),
  },
  {
    method: "POST",
    path: "/pull",
    handle: async () =>
      reply.progress(async (emit) => {
        done.push("pulled");
        emit({ status: "Pulling" });
      }),
  },
  {
    method: "GET",
    path: "/events",
    handle: async ({ signal }) => {
      signal.addEventListener("abort", () => release());
      return reply.jsonLines(forEver(signal));
    },
  },
  {
    method: "POST",
    path: "/auth",
    handle: async ({ body }) => reply.json(await body.json(z.looseObject({}))),
  },
  {
    method: "POST",
    path: "/attach",
    hijack: true,
    handle: async () =>
      reply.hijack("application/vnd.docker.raw-stream", async ({ input, write }) => {
        done.push("attached");
        for await (const chunk of input) await write(Buffer.from(`echo ${String(chunk)}`));
      }),
  },
  {
    method: "GET",
    path: "/attach/ws",
    hijack: "websocket",
    handle: async () =>
      reply.websocket({ binary: false }, async ({ write }) => {
        done.push("attached");
        await write(Buffer.from("out"));
      }),
  },
  {
    method: "POST",
    path: "/start",
    hijack: "after-body",
    handle: async ({ body }) => {
      done.push(JSON.stringify(await body.json(z.looseObject({}), { whenEmpty: {} })));
      return reply.hijack("application/vnd.docker.raw-stream", ({ write }) => write(Buffer.from("out")));
    },
  },
];

async function* forEver(signal: AbortSignal): AsyncGenerator {
  yield { n: 1 };
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

let engine: GuardedEngine;
let guard: PluginServer;

beforeEach(async () => {
  done.length = 0;
  ({ promise: released, resolve: release } = Promise.withResolvers<void>());
  engine = await GuardedEngine.start(routes);
  guard = await engine.plugin("guard");
  await engine.chain.open();
});
afterEach(() => engine[Symbol.asyncDispose]());

const deny = (msg = "no") => ({ "AuthZPlugin.AuthZReq": () => ({ Allow: false, Msg: msg }) });
const allowed = { "AuthZPlugin.AuthZReq": () => ({ Allow: true }) };
const denyAnswer = { "AuthZPlugin.AuthZRes": () => ({ Allow: false, Msg: "not that" }) };
const refusal = (message: string) => `${JSON.stringify({ message })}\n`;

describe("a request", () => {
  test("is asked about with all it says, and so is its answer", async () => {
    const answer = await engine.request("POST", "/v1.41/create?a=b", { body: { Name: "v" } });
    expect([answer.status, answer.body]).toEqual([201, '{"Id":"v"}\n']);
    expect(guard.methods).toEqual(["AuthZPlugin.AuthZReq", "AuthZPlugin.AuthZRes"]);
    const asked = {
      RequestMethod: "POST",
      RequestUri: "/v1.41/create?a=b",
      RequestBody: Buffer.from('{"Name":"v"}').toString("base64"),
      RequestHeaders: {
        "Content-Type": "application/json",
        "Content-Length": "12",
        Connection: "keep-alive",
      },
    };
    expect(guard.calls[0]?.body).toEqual(asked);
    expect(guard.calls[1]?.body).toEqual({
      ...asked,
      ResponseStatusCode: 201,
      ResponseBody: Buffer.from('{"Id":"v"}\n').toString("base64"),
      ResponseHeaders: {
        "Api-Version": "1.51",
        "Content-Type": "application/json",
        "Docker-Experimental": "false",
        Ostype: "linux",
        Server: "Davit/9.9 (linux)",
        "X-A": "b",
      },
    });
  });

  test("that is denied is answered 403 and never reaches its handler", async () => {
    guard.answer(deny("not on a Friday"));
    const answer = await engine.request("POST", "/create", { body: { Name: "v" } });
    expect([answer.status, answer.body]).toEqual([
      403,
      refusal("authorization denied by plugin guard: not on a Friday"),
    ]);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(done).toEqual([]);
    expect(guard.methods).toEqual(["AuthZPlugin.AuthZReq"]);
  });

  test("asks each plugin once, in their order, up to the first that denies", async () => {
    const order: string[] = [];
    const say = (name: string, Allow: boolean) => ({
      "AuthZPlugin.AuthZReq": () => {
        order.push(`${name}?`);
        return { Allow };
      },
      "AuthZPlugin.AuthZRes": () => {
        order.push(`${name}!`);
        return { Allow };
      },
    });
    const [first] = [await engine.plugin("first", say("first", true)), guard.answer(say("guard", true))];
    engine.names = ["first", "guard", "first"];
    expect((await engine.request("GET", "/x")).status).toBe(200);
    expect(order.splice(0)).toEqual(["first?", "guard?", "first!", "guard!"]);
    first.answer(say("first", false));
    expect((await engine.request("GET", "/x")).body).toContain("denied by plugin first");
    expect(order).toEqual(["first?"]);
  });

  test("of a version that is not spoken is asked about as by dockerd, one to nowhere is not", async () => {
    expect((await engine.request("GET", "/v1.99/x")).status).toBe(400);
    expect(guard.methods).toHaveLength(2);
    guard.answer(deny());
    expect((await engine.request("GET", "/v1.99/x")).status).toBe(403);
    expect((await engine.request("GET", "/v1.41/nowhere")).status).toBe(404);
    expect((await engine.request("GET", "//x")).status).toBe(301);
    expect(guard.methods).toHaveLength(3);
  });

  test("is not asked about where no plugin is configured", async () => {
    engine.names = [];
    expect((await engine.request("GET", "/x")).status).toBe(200);
    expect(guard.methods).toEqual([]);
  });

  test("asks the plugins that were configured when it came about its answer, too", async () => {
    const other = await engine.plugin("other", denyAnswer);
    guard.answer({
      "AuthZPlugin.AuthZReq": () => {
        engine.names = ["other"];
        return { Allow: true };
      },
    });
    expect((await engine.request("GET", "/x")).status).toBe(200);
    expect(guard.methods).toEqual(["AuthZPlugin.AuthZReq", "AuthZPlugin.AuthZRes"]);
    expect(other.methods).toEqual([]);
    expect((await engine.request("GET", "/x")).status).toBe(403);
  });
});

describe("an answer", () => {
  test("that is denied is not sent, whatever has been done", async () => {
    guard.answer(denyAnswer);
    const answer = await engine.request("POST", "/create", { body: { Name: "v" } });
    expect([answer.status, answer.body]).toEqual([
      403,
      refusal("authorization denied by plugin guard: not that"),
    ]);
    expect(answer.headers["x-a"]).toBeUndefined();
    expect(done).toEqual(["v"]);
  });

  test.each([
    ["GET", "/none", 404, refusal("no such x")],
    ["DELETE", "/x", 204, undefined],
    ["GET", "/_ping", 200, undefined],
    ["GET", "/x", 200, '{"secret":1}\n'],
  ])("to %s %s is shown as it is sent, status %i", async (method, path, status, body) => {
    expect((await engine.request(method, path)).status).toBe(status);
    const shown = guard.calls[1]?.body;
    expect(shown).toMatchObject({ ResponseStatusCode: status });
    expect(shownBody(shown, "ResponseBody")).toBe(body);
  });

  test("that is an error is not told where it is denied: errors tell things, too", async () => {
    guard.answer(denyAnswer);
    expect((await engine.request("GET", "/none")).body).toBe(
      refusal("authorization denied by plugin guard: not that"),
    );
  });

  test("that has no end is allowed before its first byte", async () => {
    const answer = await fetchHead("/events");
    expect(answer).toContain('{"n":1}');
    expect(guard.calls[1]?.body).toMatchObject({ ResponseStatusCode: 200 });
    expect(shownBody(guard.calls[1]?.body, "ResponseBody")).toBeUndefined();
  });

  test("that has no end and is denied lets go of what it holds", async () => {
    guard.answer(denyAnswer);
    expect((await engine.request("GET", "/events")).status).toBe(403);
    await released;
  });

  test("that tells of progress is allowed before the work begins", async () => {
    guard.answer(denyAnswer);
    expect((await engine.request("POST", "/pull")).status).toBe(403);
    expect(done).toEqual([]);
    guard.answer({ "AuthZPlugin.AuthZRes": () => ({ Allow: true }) });
    expect((await engine.request("POST", "/pull")).body).toContain("Pulling");
  });

  test("of more than 16 MiB is refused, because it cannot be shown", async () => {
    const letters = "x".repeat(17 * 1024 * 1024);
    await using large = await GuardedEngine.start([
      { method: "GET", path: "/big", handle: async () => reply.json(letters) },
    ]);
    await large.plugin("guard");
    await large.chain.open();
    const answer = await large.request("GET", "/big");
    expect([answer.status, answer.body]).toEqual([
      403,
      refusal("response body too large for authorization plugin: size exceeds 16777216 bytes"),
    ]);
  });

  async function fetchHead(path: string): Promise<string> {
    const socket = connect(engine.socket);
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    let seen = "";
    for await (const chunk of socket) {
      seen += String(chunk);
      if (seen.includes("}")) break;
    }
    return seen;
  }
});

describe("a connection that is taken over", () => {
  const upgrade = "Host: x\nConnection: Upgrade\nUpgrade: tcp\n";

  test.each([
    ["plain", "Host: x\n", "200 OK", 200],
    ["upgraded", upgrade, "101 UPGRADED", 101],
  ])("is allowed by what begins it, %s", async (_title, headers, line, status) => {
    const socket = connect(engine.socket);
    socket.end(`POST /attach HTTP/1.1\n${headers}\n`.replaceAll("\n", "\r\n").concat("typed"));
    let seen = "";
    for await (const chunk of socket) seen += String(chunk);
    expect(seen).toContain(`HTTP/1.1 ${line}`);
    expect(seen).toContain("echo typed");
    expect(guard.calls[1]?.body).toMatchObject({ ResponseStatusCode: status });
  });

  test.each([
    ["plain", "Host: x\n"],
    ["upgraded", upgrade],
  ])("is refused in plain HTTP, %s", async (_title, headers) => {
    guard.answer(deny());
    const seen = await engine.raw(`POST /attach HTTP/1.1\n${headers}\ntyped before it was allowed`);
    expect(seen).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(seen).toContain("Content-Type: application/json\r\n");
    expect(seen).toContain(refusal("authorization denied by plugin guard: no"));
    expect(done).toEqual([]);
  });

  test("to become a websocket is asked about before it is one, and refused in plain HTTP", async () => {
    const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n";
    const ask = `GET /attach/ws HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n${key}\n`;
    for (const answers of [deny("not that"), { ...allowed, ...denyAnswer }]) {
      guard.answer(answers);
      const seen = await engine.raw(ask);
      expect(seen).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
      expect(seen).toContain(refusal("authorization denied by plugin guard: not that"));
    }
    expect(done).toEqual([]);
    expect(guard.calls.at(-1)?.body).toMatchObject({ ResponseStatusCode: 101 });
  });

  test("does not wait for a body that it will not have", async () => {
    guard.answer(deny());
    const seen = await engine.raw(
      "POST /attach HTTP/1.1\nHost: x\nContent-Type: application/json\nContent-Length: 99\n\n",
    );
    expect(seen).toContain("403 Forbidden");
  });

  test("after its body shows the body, and is refused when its answer is", async () => {
    const start = `POST /start HTTP/1.1\n${upgrade}Content-Type: application/json\nContent-Length: 13\n\n{"Tty": true}`;
    expect(await engine.raw(start)).toMatch(/^HTTP\/1\.1 101 UPGRADED[^]*out$/);
    expect(shownBody(guard.calls[0]?.body, "RequestBody")).toBe('{"Tty": true}');
    guard.answer(denyAnswer);
    const refused = await engine.raw(start.replace("Connection: Upgrade", "Connection: close, Upgrade"));
    expect(refused).toContain("403 Forbidden");
    expect(refused).not.toContain("out");
  });
});

test("a plugin that asks the engine while it decides is asked about that, too, and both are answered", async () => {
  const nested: string[] = [];
  guard.answer({
    "AuthZPlugin.AuthZReq": async (body) => {
      if (!JSON.stringify(body).includes("/_ping")) nested.push((await engine.request("GET", "/_ping")).body);
      return { Allow: true };
    },
  });
  expect((await engine.request("GET", "/x")).status).toBe(200);
  expect(nested).toEqual(["OK"]);
  expect(guard.methods).toHaveLength(4);
});

test("a plugin that asks the engine without end is cut at its time", async () => {
  engine.timeoutMs = 300;
  guard.answer({
    "AuthZPlugin.AuthZReq": async () => {
      await engine.request("GET", "/_ping");
      return { Allow: true };
    },
  });
  const { status, body } = await engine.request("GET", "/x");
  expect([status, body]).toEqual([500, expect.stringContaining("no answer within 0.3 s")]);
});
