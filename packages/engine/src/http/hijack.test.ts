import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../core/errors.ts";
import { reply } from "./reply.ts";
import type { Route } from "./route.ts";
import { readUntil, route, ServerFixture } from "./server-fixture.ts";

let engine: ServerFixture;

beforeEach(async () => {
  engine = await ServerFixture.make();
});

afterEach(async () => {
  await engine.dispose();
});

const echo = route(
  "POST",
  "/c/{id}/attach",
  ({ param }) => {
    if (param("id") === "no") throw new EngineError("not-found", "No such container: no");
    return Promise.resolve(
      reply.hijack("application/vnd.docker.raw-stream", async (client) => {
        for await (const chunk of client.input)
          await client.write(Buffer.from(String(Buffer.from(chunk)).toUpperCase()));
        await client.write(Buffer.from("end of input"));
      }),
    );
  },
  true,
);
const upgrade = "Connection: Upgrade\nUpgrade: tcp\n";

test.each([
  ["101 for an upgrade", upgrade, "HTTP/1.1 101 UPGRADED\r\n"],
  ["200 without one", "", "HTTP/1.1 200 OK\r\n"],
])("answers %s, passes bytes both ways and knows half-close", async (_name, headers, answer) => {
  await engine.serve([echo]);
  const socket = await engine.open(
    `POST /v1.41/c/a/attach HTTP/1.1\nHost: x\n${headers}Content-Length: 0\n\n`,
  );
  const head = await readUntil(socket, "\r\n\r\n");
  expect(head.startsWith(answer)).toBe(true);
  expect(head).toContain("Content-Type: application/vnd.docker.raw-stream\r\n");
  expect(head.includes("Upgrade: tcp")).toBe(headers !== "");
  socket.write("hello GET / HTTP/1.1\r\n\r\n");
  expect(await readUntil(socket, "\r\n\r\n")).toBe("HELLO GET / HTTP/1.1\r\n\r\n");
  socket.end("last words ");
  expect(await text(socket)).toBe("LAST WORDS end of input");
});

test("bytes sent along with an upgrade are not lost", async () => {
  await engine.serve([echo]);
  const socket = await engine.open(`POST /c/a/attach HTTP/1.1\nHost: x\n${upgrade}\nearly`);
  socket.end();
  expect(await text(socket)).toContain("\r\n\r\nEARLYend of input");
});

test.each(["early bird", "GET up early", "PO box"])(
  "bytes sent along with a plain request are not lost either: %s",
  async (typed) => {
    await engine.serve([echo]);
    const socket = await engine.open(`POST /c/a/attach HTTP/1.1\nHost: x\n\n${typed}`);
    socket.end(" more");
    expect(await text(socket)).toContain(`\r\n\r\n${typed.toUpperCase()} MOREend of input`);
  },
);

test.each([upgrade, ""])("bytes that come before the handler is ready are kept (%j)", async (headers) => {
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const attach = route(
    "POST",
    "/a",
    async () => {
      await ready;
      return reply.hijack("x/y", async (client) => {
        for await (const chunk of client.input) await client.write(chunk);
      });
    },
    true,
  );
  await engine.serve([attach, route("GET", "/x", () => Promise.resolve(reply.empty(200)))]);
  const socket = await engine.open(`POST /a HTTP/1.1\nHost: x\n${headers}\n`);
  await engine.call("GET", "/x");
  socket.end("patience");
  // By the time that these are answered, the engine has had the bytes too.
  await engine.call("GET", "/x");
  await engine.call("GET", "/x");
  resolve();
  expect(await text(socket)).toContain("\r\n\r\npatience");
});

test("what is no HTTP is answered 400", async () => {
  await engine.serve([echo]);
  const socket = await engine.open("hello\n\n");
  expect(await text(socket)).toContain("HTTP/1.1 400 Bad Request");
  socket.destroy();
});

test.each([upgrade, ""])("a refusal is plain text on the raw connection (%j)", async (headers) => {
  await engine.serve([echo]);
  const socket = await engine.open(`POST /c/no/attach HTTP/1.1\nHost: x\n${headers}Content-Length: 0\n\n`);
  expect(await text(socket)).toBe(
    "HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nNo such container: no\r\n",
  );
  socket.destroy();
});

test("an upgrade that no route offers is answered as a plain request", async () => {
  await engine.serve([route("GET", "/x", () => Promise.resolve(reply.text("plain")))]);
  const headers = { Connection: "Upgrade", Upgrade: "h2c" };
  expect(await engine.call("GET", "/x", { headers })).toMatchObject({ status: 200, body: "plain" });
  expect(await engine.call("POST", "/session", { headers })).toMatchObject({ status: 404 });
});

test("the connection serves another request before it is taken over", async () => {
  await engine.serve([echo, route("GET", "/x", () => Promise.resolve(reply.text("first")))]);
  const socket = await engine.open("GET /x HTTP/1.1\nHost: x\n\n");
  await readUntil(socket, "first");
  socket.write("POST /c/a/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  await readUntil(socket, "\r\n\r\n");
  socket.end("z");
  expect(await text(socket)).toBe("Zend of input");
});

test("the signal fires and writing fails when the client is gone", async () => {
  const failed = Promise.withResolvers<unknown>();
  await engine.serve([
    route(
      "POST",
      "/a",
      ({ signal }) =>
        Promise.resolve(
          reply.hijack("x/y", async (client) => {
            try {
              for (;;) await client.write(Buffer.alloc(65_536));
            } catch (error) {
              failed.resolve([error, signal.aborted]);
            }
          }),
        ),
      true,
    ),
  ]);
  const socket = await engine.open(`POST /a HTTP/1.1\nHost: x\n${upgrade}\n`);
  await once(socket, "readable");
  socket.destroy();
  expect(await failed.promise).toEqual([expect.objectContaining({ kind: "canceled" }), true]);
});

test("closing the server cuts a connection taken over", async () => {
  const server = await engine.serve([echo]);
  const socket = await engine.open(`POST /c/a/attach HTTP/1.1\nHost: x\n${upgrade}\n`);
  await readUntil(socket, "\r\n\r\n");
  await server.close({ graceMs: 0 });
  expect(await text(socket)).toBe("");
  socket.destroy();
});

const ask = (path: string, headers = ""): string =>
  `POST ${path} HTTP/1.1\nHost: x\n${headers}Content-Length: 0\n\n`;

const exec: Route = {
  method: "POST",
  path: "/exec",
  hijack: "after-body",
  handle: () => Promise.resolve(reply.hijack("x/y", (client) => client.write(Buffer.from("taken")))),
};

describe("a connection on which other requests wait for their answers", () => {
  const refusal = "the connection cannot be taken over: other requests wait for their answers on it";
  const gate = { open: () => undefined as void };
  const slow = route("POST", "/slow", () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.open = resolve;
    return promise.then(() => reply.text("in its own time"));
  });
  test.each([
    ["/c/a/attach", ""],
    ["/c/a/attach", upgrade],
    ["/exec", ""],
    ["/exec", upgrade],
  ])("is not taken over, and each is answered in its turn (%s %j)", async (path, headers) => {
    await engine.serve([echo, slow, exec]);
    const socket = await engine.open(ask("/slow") + ask(path, headers));
    // Both have been read by then.
    await engine.call("GET", "/nothing");
    await engine.call("GET", "/nothing");
    gate.open();
    const answers = await text(socket);
    expect(answers).toMatch(/^HTTP\/1\.1 200 OK[^]*in its own time[^]*HTTP\/1\.1 400 Bad Request/);
    expect(answers).toContain(refusal);
  });
});

test.each(["/c/a/attach", "/exec"])(
  "what is typed at once to %s is never taken for a request",
  async (path) => {
    const done: string[] = [];
    const act = route("POST", "/act", () => {
      done.push("acted");
      return Promise.resolve(reply.empty(204));
    });
    const server = await engine.serve([echo, exec, act]);
    const socket = await engine.open(ask(path) + ask("/act"));
    // Cut, with what was typed unread.
    await text(socket).catch(() => undefined);
    await server.close({ graceMs: 60_000 });
    expect(done).toEqual([]);
  },
);
