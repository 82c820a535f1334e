import { once } from "node:events";
import { stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { EngineError } from "../core/errors.ts";
import { type ApiReply, reply } from "./reply.ts";
import type { Middleware } from "./route.ts";
import { readUntil, route, ServerFixture } from "./server-fixture.ts";

let engine: ServerFixture;

beforeEach(async () => {
  engine = await ServerFixture.make();
});

afterEach(async () => {
  await engine.dispose();
});

describe("plain replies", () => {
  test("carry the headers by which clients know an engine", async () => {
    await engine.serve([
      route("GET", "/x", () => Promise.resolve(reply.json({ a: 1 }, 201, { "X-A": "b" }))),
    ]);
    const { status, headers, body } = await engine.call("GET", "/v1.41/x");
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
    ["GET", "/nothing", 404, "page not found: GET /nothing"],
    ["POST", "/x", 404, "page not found: POST /x"],
    ["GET", "/v1.23/x", 400, "client version 1.23 is too old"],
    ["GET", "/v1.99/x", 400, "client version 1.99 is too new"],
    ["GET", "/%zz", 400, "invalid URL escape"],
  ])("%s %s is answered %i", async (method, path, status, message) => {
    await engine.serve([route("GET", "/x", () => Promise.resolve(reply.empty(200)))]);
    const answer = await engine.call(method, path);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ message: expect.stringContaining(message) });
    expect(answer.headers["api-version"]).toBe("1.51");
  });

  test("errors have the status of their kind; unknown ones are 500 and logged", async () => {
    await engine.serve([
      route("GET", "/conflict", () => Promise.reject(new EngineError("conflict", "in use"))),
      route("GET", "/bug", () => Promise.reject(new TypeError("oops"))),
    ]);
    expect(await engine.call("GET", "/conflict")).toMatchObject({
      status: 409,
      body: '{"message":"in use"}\n',
    });
    expect(engine.logged).toEqual([]);
    expect(await engine.call("GET", "/bug")).toMatchObject({ status: 500, body: '{"message":"oops"}\n' });
    expect(engine.logged).toEqual(["request failed: oops"]);
  });

  test("a path that is not in its shortest form is redirected with its query", async () => {
    await engine.serve([]);
    const answer = await engine.call("GET", "/v1.41//plugins/a%20b/json?x=1");
    expect([answer.status, answer.headers.location]).toEqual([301, "/v1.41/plugins/a%20b/json?x=1"]);
  });

  test("204 has no body, and HEAD none either", async () => {
    await engine.serve([
      route("POST", "/x", () => Promise.resolve(reply.empty(204))),
      route("HEAD", "/x", () => Promise.resolve(reply.text("OK"))),
    ]);
    const answer = await engine.call("POST", "/x");
    expect([answer.status, answer.body, answer.headers["content-length"]]).toEqual([204, "", undefined]);
    expect(await engine.call("HEAD", "/x")).toMatchObject({ status: 200, body: "" });
  });

  test("middleware stands before handlers and may answer in their stead", async () => {
    const deny: Middleware = (request, next) =>
      request.query.has("deny") ? Promise.reject(new EngineError("forbidden", "no")) : next(request);
    await engine.serve([route("GET", "/x", () => Promise.resolve(reply.text("in")))], [deny]);
    expect(await engine.call("GET", "/x?deny=1")).toMatchObject({ status: 403 });
    expect(await engine.call("GET", "/x")).toMatchObject({ status: 200, body: "in" });
  });
});

describe("bodies", () => {
  test("are given as JSON or as bytes, with names and query", async () => {
    await engine.serve([
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
    expect((await engine.call("POST", "/v1.40/p/a/b:c/set?q=z", json)).body).toBe('["a/b:c","z",["A=1"]]\n');
    expect((await engine.call("POST", "/raw", { body: "x".repeat(300_000) })).body).toBe("300000\n");
    expect(
      (await engine.call("POST", "/p/a/set", { body: '["A=1"]', headers: { "Content-Type": "a/b" } })).status,
    ).toBe(400);
  });

  test("large ones are let go of while they are read", async () => {
    let most = 0;
    await engine.serve([
      route("POST", "/raw", async ({ body }) => {
        let size = 0;
        for await (const chunk of body.bytes()) {
          size += chunk.byteLength;
          most = Math.max(most, process.memoryUsage().arrayBuffers);
        }
        return reply.json(size);
      }),
    ]);
    const piece = Buffer.alloc(1024 * 1024);
    const pieces = 400;
    const before = process.memoryUsage().arrayBuffers;
    const socket = await engine.open(
      `POST /raw HTTP/1.1\nHost: x\nContent-Length: ${pieces * piece.length}\nConnection: close\n\n`,
    );
    const answer = text(socket);
    for (let sent = 0; sent < pieces; sent += 1) if (!socket.write(piece)) await once(socket, "drain");
    expect(await answer).toContain(`\n${pieces * piece.length}\n`);
    expect(most - before).toBeLessThan((pieces * piece.length) / 2);
  });

  test("a refusal in the middle of a large body reaches the client, and the connection goes on", async () => {
    await engine.serve([
      route("POST", "/raw", async ({ body }) => {
        for await (const chunk of body.bytes()) {
          if (chunk.byteLength > 0) throw new EngineError("invalid", "enough");
        }
        return reply.empty(204);
      }),
      route("GET", "/x", () => Promise.resolve(reply.text("still here"))),
    ]);
    const size = 2_000_000;
    const socket = await engine.open(`POST /raw HTTP/1.1\nHost: x\nContent-Length: ${size}\n\n`);
    socket.write("y".repeat(size));
    socket.write("GET /x HTTP/1.1\r\nHost: x\r\n\r\n");
    const seen = await readUntil(socket, "still here");
    expect(seen).toContain("HTTP/1.1 400 Bad Request");
    socket.destroy();
  });
});

describe("streams", () => {
  test("a failure before the first line of progress has its status", async () => {
    await engine.serve([
      route("POST", "/pull", () =>
        Promise.resolve(
          reply.progress(() => Promise.reject(new EngineError("not-found", "no such thing")), { "X-A": "b" }),
        ),
      ),
    ]);
    expect(await engine.call("POST", "/pull")).toMatchObject({
      status: 404,
      body: '{"message":"no such thing"}\n',
    });
  });

  test("a failure after it is the last line", async () => {
    await engine.serve([
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
    const { status, headers, body } = await engine.call("POST", "/pull");
    expect([status, headers["docker-plugin-name"]]).toEqual([200, "a:latest"]);
    expect(body).toBe(
      '{"status":"Pulling","id":"latest"}\r\n{"errorDetail":{"message":"incorrect privileges"},"error":"incorrect privileges"}\r\n',
    );
  });

  test("late JSON sends its headers at once", async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await engine.serve([route("POST", "/wait", () => Promise.resolve(reply.lateJson(() => promise)))]);
    const response = await engine.send("POST", "/wait");
    expect(response.statusCode).toBe(200);
    resolve({ StatusCode: 7 });
    expect(await text(response)).toBe('{"StatusCode":7}\n');
  });

  test("the signal fires when the client goes away", async () => {
    const gone = Promise.withResolvers<void>();
    await engine.serve([
      route("GET", "/events", ({ signal }) => {
        async function* values() {
          yield { n: 1 };
          await once(signal, "abort");
          gone.resolve();
        }
        return Promise.resolve(reply.jsonLines(values()));
      }),
    ]);
    const response = await engine.send("GET", "/events");
    const [first] = await once(response, "data");
    expect(String(first)).toBe('{"n":1}\n');
    response.destroy();
    await gone.promise;
  });

  test("closing waits for no body that a client has stopped sending", async () => {
    const begun = Promise.withResolvers<void>();
    const server = await engine.serve([
      route("POST", "/upload", async ({ body }) => {
        for await (const chunk of body.bytes()) if (chunk.length > 0) begun.resolve();
        return reply.text("done");
      }),
    ]);
    const socket = createConnection(engine.socketPath);
    socket.write("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this");
    await begun.promise;
    const answer = text(socket);
    await server.close({ graceMs: 60_000 });
    expect(await answer).toContain('{"message":"the engine stops"}');
  });

  test("closing leaves requests that do not end even when they are cut, and says so", async () => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<ApiReply>();
    const server = await engine.serve([
      route("GET", "/stuck", () => {
        begun.resolve();
        return end.promise;
      }),
    ]);
    const stuck = engine.call("GET", "/stuck").catch((error: unknown) => error);
    await begun.promise;
    await server.close({ graceMs: 10, undoMs: 10 });
    expect(await stuck).toBeInstanceOf(Error);
    expect(engine.logged).toEqual(["stopped serving without waiting for the requests that did not end"]);
    end.resolve(reply.empty(204));
  });

  test("closing ends streams at once and lets other requests finish", async () => {
    const slow = Promise.withResolvers<void>();
    const server = await engine.serve([
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
    const events = await engine.send("GET", "/events");
    await once(events, "data");
    const pending = engine.call("GET", "/slow");
    // Answered on the same listener, so the slow one is under way by then.
    await engine.call("GET", "/nothing");
    await server.close({ graceMs: 10_000 });
    expect(await pending).toMatchObject({ status: 200, body: "done" });
    expect(await text(events)).toBe("");
  });
});

describe("listening", () => {
  test("a UNIX socket is for owner and group, and gone after closing", async () => {
    const server = await engine.serve([]);
    expect((await stat(engine.socketPath)).mode & 0o777).toBe(0o660);
    await server.close({ graceMs: 0 });
    await expect(stat(engine.socketPath)).rejects.toThrow("ENOENT");
  });

  test("a socket that is served is a conflict, and so is a file in the way", async () => {
    await engine.serve([]);
    const second = engine.create([]);
    await expect(second.listen({ kind: "unix", path: engine.socketPath })).rejects.toMatchObject({
      kind: "conflict",
    });
    const file = join(engine.dir, "f");
    await writeFile(file, "");
    await expect(second.listen({ kind: "unix", path: file })).rejects.toMatchObject({ kind: "conflict" });
    await second.close({ graceMs: 0 });
  });

  test("one engine serves a UNIX socket and a TCP port", async () => {
    const server = await engine.serve([route("GET", "/x", () => Promise.resolve(reply.text("both")))]);
    const bound = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
    if (bound.kind !== "tcp") throw new Error("not a TCP address");
    const answer = await fetch(`http://127.0.0.1:${bound.port}/x`);
    expect(await answer.text()).toBe("both");
    expect((await engine.call("GET", "/x")).body).toBe("both");
    const second = engine.create([]);
    await expect(second.listen(bound)).rejects.toMatchObject({ kind: "unavailable" });
    await second.close({ graceMs: 0 });
  });
});
