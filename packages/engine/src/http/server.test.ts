import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { EngineError } from "../core/errors.ts";
import type { Logger } from "../core/ports/logger.ts";
import { reply } from "./reply.ts";
import type { Handler, Method, Middleware, Route } from "./route.ts";
import { type ApiServer, createApiServer } from "./server.ts";

let dir: string;
let socketPath: string;
let server: ApiServer;
let logged: string[];

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (_fields, message) => logged.push(message),
  error: (_fields, message) => logged.push(message),
  child: () => logger,
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "dv-"));
  socketPath = join(dir, "s");
  logged = [];
});

afterEach(async () => {
  await server.close({ graceMs: 0 });
  await rm(dir, { recursive: true });
});

const create = (routes: readonly Route[], middleware: readonly Middleware[] = []): ApiServer =>
  createApiServer({ routes, middleware, engine: { name: "Davit", version: "9.9" }, logger });

async function serve(routes: readonly Route[], middleware?: readonly Middleware[]): Promise<void> {
  server = create(routes, middleware);
  await server.listen({ kind: "unix", path: socketPath });
}

const route = (method: Method, path: string, handle: Handler, hijack = false): Route => ({
  method,
  path,
  handle,
  hijack,
});

interface Sent {
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

async function send(method: string, path: string, { body, headers }: Sent = {}): Promise<IncomingMessage> {
  const outgoing = request({ socketPath, method, path, headers: headers ?? {}, agent: false });
  outgoing.end(body);
  const [response] = await once(outgoing, "response");
  return response;
}

async function call(method: string, path: string, sent?: Sent) {
  const response = await send(method, path, sent);
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** Resolves with everything that came once it contains `wanted`. */
async function readUntil(socket: Socket, wanted: string): Promise<string> {
  let seen = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    seen += String(chunk);
    if (seen.includes(wanted)) return seen;
  }
  return seen;
}

async function open(head: string): Promise<Socket> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  await once(socket, "connect");
  socket.write(head.replaceAll("\n", "\r\n"));
  return socket;
}

describe("plain replies", () => {
  test("carry the headers by which clients know an engine", async () => {
    await serve([route("GET", "/x", () => Promise.resolve(reply.json({ a: 1 }, 201, { "X-A": "b" })))]);
    const { status, headers, body } = await call("GET", "/v1.41/x");
    expect([status, body]).toEqual([201, '{"a":1}\n']);
    expect(headers).toMatchObject({
      "api-version": "1.51",
      ostype: "linux",
      "docker-experimental": "false",
      server: "Davit/9.9 (linux)",
      "content-type": "application/json",
      "x-a": "b",
    });
  });

  test.each([
    ["GET", "/nothing", 404, "page not found"],
    ["POST", "/x", 404, "page not found"],
    ["GET", "/v1.23/x", 400, "client version 1.23 is too old"],
    ["GET", "/v1.99/x", 400, "client version 1.99 is too new"],
    ["GET", "/%zz", 400, "invalid URL escape"],
  ])("%s %s is answered %i", async (method, path, status, message) => {
    await serve([route("GET", "/x", () => Promise.resolve(reply.empty(200)))]);
    const answer = await call(method, path);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ message: expect.stringContaining(message) });
    expect(answer.headers["api-version"]).toBe("1.51");
  });

  test("errors have the status of their kind; unknown ones are 500 and logged", async () => {
    await serve([
      route("GET", "/conflict", () => Promise.reject(new EngineError("conflict", "in use"))),
      route("GET", "/bug", () => Promise.reject(new TypeError("oops"))),
    ]);
    expect(await call("GET", "/conflict")).toMatchObject({ status: 409, body: '{"message":"in use"}\n' });
    expect(logged).toEqual([]);
    expect(await call("GET", "/bug")).toMatchObject({ status: 500, body: '{"message":"oops"}\n' });
    expect(logged).toEqual(["request failed: oops"]);
  });

  test("a path that is not in its shortest form is redirected with its query", async () => {
    await serve([]);
    const answer = await call("GET", "/v1.41//plugins/a%20b/json?x=1");
    expect([answer.status, answer.headers.location]).toEqual([301, "/v1.41/plugins/a%20b/json?x=1"]);
  });

  test("204 has no body, and HEAD none either", async () => {
    await serve([
      route("POST", "/x", () => Promise.resolve(reply.empty(204))),
      route("HEAD", "/x", () => Promise.resolve(reply.text("OK"))),
    ]);
    const answer = await call("POST", "/x");
    expect([answer.status, answer.body, answer.headers["content-length"]]).toEqual([204, "", undefined]);
    expect(await call("HEAD", "/x")).toMatchObject({ status: 200, body: "" });
  });

  test("middleware stands before handlers and may answer in their stead", async () => {
    const deny: Middleware = (request, next) =>
      request.query.has("deny") ? Promise.reject(new EngineError("forbidden", "no")) : next(request);
    await serve([route("GET", "/x", () => Promise.resolve(reply.text("in")))], [deny]);
    expect(await call("GET", "/x?deny=1")).toMatchObject({ status: 403 });
    expect(await call("GET", "/x")).toMatchObject({ status: 200, body: "in" });
  });
});

describe("bodies", () => {
  test("are given as JSON or as bytes, with names and query", async () => {
    await serve([
      route("POST", "/p/{name:.*}/set", async ({ body, param, query }) =>
        reply.json([param("name"), query.text("q"), await body.json(z.array(z.string()))]),
      ),
      route("POST", "/raw", async ({ body }) => {
        let size = 0;
        for await (const chunk of body.bytes()) size += chunk.byteLength;
        return reply.json(size);
      }),
    ]);
    const json = { headers: { "Content-Type": "application/json" }, body: '["A=1"]' };
    expect((await call("POST", "/v1.40/p/a/b:c/set?q=z", json)).body).toBe('["a/b:c","z",["A=1"]]\n');
    expect((await call("POST", "/raw", { body: "x".repeat(300_000) })).body).toBe("300000\n");
    expect(
      (await call("POST", "/p/a/set", { body: '["A=1"]', headers: { "Content-Type": "a/b" } })).status,
    ).toBe(400);
  });

  test("a refusal in the middle of a large body reaches the client, and the connection goes on", async () => {
    await serve([
      route("POST", "/raw", async ({ body }) => {
        for await (const chunk of body.bytes()) {
          if (chunk.byteLength > 0) throw new EngineError("invalid", "enough");
        }
        return reply.empty(204);
      }),
      route("GET", "/x", () => Promise.resolve(reply.text("still here"))),
    ]);
    const size = 2_000_000;
    const socket = await open(`POST /raw HTTP/1.1\nHost: x\nContent-Length: ${size}\n\n`);
    socket.write("y".repeat(size));
    socket.write("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    const seen = await readUntil(socket, "still here");
    expect(seen).toContain("HTTP/1.1 400 Bad Request");
    socket.destroy();
  });
});

describe("streams", () => {
  test("a failure before the first line of progress has its status", async () => {
    await serve([
      route("POST", "/pull", () =>
        Promise.resolve(
          reply.progress(() => Promise.reject(new EngineError("not-found", "no such thing")), { "X-A": "b" }),
        ),
      ),
    ]);
    expect(await call("POST", "/pull")).toMatchObject({ status: 404, body: '{"message":"no such thing"}\n' });
  });

  test("a failure after it is the last line", async () => {
    await serve([
      route("POST", "/pull", () =>
        Promise.resolve(
          reply.progress(
            async (emit) => {
              emit({ status: "Pulling", id: "latest" });
              await Promise.reject(new EngineError("invalid", "incorrect privileges"));
            },
            { "Docker-Plugin-Name": "a:latest" },
          ),
        ),
      ),
    ]);
    const { status, headers, body } = await call("POST", "/pull");
    expect([status, headers["docker-plugin-name"]]).toEqual([200, "a:latest"]);
    expect(body).toBe(
      '{"status":"Pulling","id":"latest"}\r\n{"errorDetail":{"message":"incorrect privileges"},"error":"incorrect privileges"}\r\n',
    );
  });

  test("late JSON sends its headers at once", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await serve([route("POST", "/wait", () => Promise.resolve(reply.lateJson(() => promise)))]);
    const response = await send("POST", "/wait");
    expect(response.statusCode).toBe(200);
    resolve({ StatusCode: 7 });
    expect(await text(response)).toBe('{"StatusCode":7}\n');
  });

  test("the signal fires when the client goes away", async () => {
    const gone = Promise.withResolvers<void>();
    await serve([
      route("GET", "/events", ({ signal }) => {
        async function* values() {
          yield { n: 1 };
          await once(signal, "abort");
          gone.resolve();
        }
        return Promise.resolve(reply.jsonLines(values()));
      }),
    ]);
    const response = await send("GET", "/events");
    const [first] = await once(response, "data");
    expect(String(first)).toBe('{"n":1}\n');
    response.destroy();
    await gone.promise;
  });

  test("closing ends streams at once and lets other requests finish", async () => {
    const slow = Promise.withResolvers<void>();
    await serve([
      route("GET", "/events", ({ signal }) => {
        async function* values() {
          yield 1;
          await once(signal, "abort");
          slow.resolve();
        }
        return Promise.resolve(reply.jsonLines(values()));
      }),
      route("GET", "/slow", async () => {
        await slow.promise;
        return reply.text("done");
      }),
    ]);
    const events = await send("GET", "/events");
    await once(events, "data");
    const pending = call("GET", "/slow");
    // Answered on the same listener, so the slow one is under way by then.
    await call("GET", "/nothing");
    await server.close({ graceMs: 10_000 });
    expect(await pending).toMatchObject({ status: 200, body: "done" });
    expect(await text(events)).toBe("");
  });
});

describe("hijacking", () => {
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
    await serve([echo]);
    const socket = await open(`POST /v1.41/c/a/attach HTTP/1.1\nHost: x\n${headers}Content-Length: 0\n\n`);
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
    await serve([echo]);
    const socket = await open(`POST /c/a/attach HTTP/1.1\nHost: x\n${upgrade}\nearly`);
    socket.end();
    expect(await text(socket)).toContain("\r\n\r\nEARLYend of input");
  });

  test("bytes sent along with a plain request are not lost either", async () => {
    await serve([echo]);
    const socket = await open("POST /c/a/attach HTTP/1.1\nHost: x\n\nearly bird ");
    socket.end("more");
    expect(await text(socket)).toContain("\r\n\r\nEARLY BIRD MOREend of input");
  });

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
    await serve([attach, route("GET", "/x", () => Promise.resolve(reply.empty(200)))]);
    const socket = await open(`POST /a HTTP/1.1\nHost: x\n${headers}\n`);
    await call("GET", "/x");
    socket.end("patience");
    // By the time that these are answered, the engine has had the bytes too.
    await call("GET", "/x");
    await call("GET", "/x");
    resolve();
    expect(await text(socket)).toContain("\r\n\r\npatience");
  });

  test("what is no HTTP is answered 400", async () => {
    await serve([echo]);
    const socket = await open("hello\n\n");
    expect(await text(socket)).toContain("HTTP/1.1 400 Bad Request");
    socket.destroy();
  });

  test.each([upgrade, ""])("a refusal is plain text on the raw connection (%j)", async (headers) => {
    await serve([echo]);
    const socket = await open(`POST /c/no/attach HTTP/1.1\nHost: x\n${headers}Content-Length: 0\n\n`);
    expect(await text(socket)).toBe(
      "HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nNo such container: no\r\n",
    );
    socket.destroy();
  });

  test("an upgrade that no route offers is answered as a plain request", async () => {
    await serve([route("GET", "/x", () => Promise.resolve(reply.text("plain")))]);
    const headers = { Connection: "Upgrade", Upgrade: "h2c" };
    expect(await call("GET", "/x", { headers })).toMatchObject({ status: 200, body: "plain" });
    expect(await call("POST", "/session", { headers })).toMatchObject({ status: 404 });
  });

  test("the connection serves another request before it is taken over", async () => {
    await serve([echo, route("GET", "/x", () => Promise.resolve(reply.text("first")))]);
    const socket = await open("GET /x HTTP/1.1\nHost: x\n\n");
    await readUntil(socket, "first");
    socket.write("POST /c/a/attach HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    await readUntil(socket, "\r\n\r\n");
    socket.end("z");
    expect(await text(socket)).toBe("Zend of input");
  });

  test("the signal fires and writing fails when the client is gone", async () => {
    const failed = Promise.withResolvers<unknown>();
    await serve([
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
    const socket = await open(`POST /a HTTP/1.1\nHost: x\n${upgrade}\n`);
    await once(socket, "readable");
    socket.destroy();
    expect(await failed.promise).toEqual([expect.objectContaining({ kind: "canceled" }), true]);
  });

  test("closing the server cuts a connection taken over", async () => {
    await serve([echo]);
    const socket = await open(`POST /c/a/attach HTTP/1.1\nHost: x\n${upgrade}\n`);
    await readUntil(socket, "\r\n\r\n");
    await server.close({ graceMs: 0 });
    expect(await text(socket)).toBe("");
    socket.destroy();
  });
});

describe("listening", () => {
  test("a UNIX socket is for owner and group, and gone after closing", async () => {
    await serve([]);
    expect((await stat(socketPath)).mode & 0o777).toBe(0o660);
    await server.close({ graceMs: 0 });
    await expect(stat(socketPath)).rejects.toThrow("ENOENT");
  });

  test("a socket that is served is a conflict, and so is a file in the way", async () => {
    await serve([]);
    const second = create([]);
    await expect(second.listen({ kind: "unix", path: socketPath })).rejects.toMatchObject({
      kind: "conflict",
    });
    const file = join(dir, "f");
    await writeFile(file, "");
    await expect(second.listen({ kind: "unix", path: file })).rejects.toMatchObject({ kind: "conflict" });
    await second.close({ graceMs: 0 });
  });

  test("one engine serves a UNIX socket and a TCP port", async () => {
    await serve([route("GET", "/x", () => Promise.resolve(reply.text("both")))]);
    const bound = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    if (bound.kind !== "tcp") throw new Error("not a TCP address");
    const answer = await fetch(`http://127.0.0.1:${bound.port}/x`);
    expect(await answer.text()).toBe("both");
    expect((await call("GET", "/x")).body).toBe("both");
    const second = create([]);
    await expect(second.listen(bound)).rejects.toMatchObject({ kind: "unavailable" });
    await second.close({ graceMs: 0 });
  });
});
