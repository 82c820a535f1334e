import { once } from "node:events";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { containerCreateBodySchema, privilegesSchema } from "@davit/protocol";
import type { PluginServer } from "@davit/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { reply } from "../../http/reply.ts";
import type { Route } from "../../http/route.ts";
import { GuardedEngine, shownBody } from "./guarded-engine-fixture.ts";

/** What handlers have read: the guard must have seen the same. */
const read: unknown[] = [];
let uploadedBytes = 0;
let arrived = Promise.withResolvers<void>();

const routes: readonly Route[] = [
  {
    method: "POST",
    path: "/containers/create",
    handle: async ({ body, query }) => {
      const { HostConfig } = await body.json(containerCreateBodySchema);
      read.push({ privileged: HostConfig.Privileged, name: query.text("name") });
      return reply.json({ Id: "c" }, 201);
    },
  },
  {
    method: "POST",
    path: "/plugins/pull",
    handle: async ({ body }) => {
      read.push(await body.json(privilegesSchema, { contentType: "any" }));
      return reply.empty(204);
    },
  },
  {
    method: "PUT",
    path: "/archive",
    handle: async ({ body }) => {
      for await (const chunk of body.bytes()) {
        uploadedBytes += chunk.byteLength;
        arrived.resolve();
      }
      return reply.empty(200);
    },
  },
  {
    method: "POST",
    path: "/auth",
    handle: async ({ body }) => {
      read.push(await body.json(z.looseObject({})));
      return reply.json({ IdentityToken: "token of the user", Status: "Login Succeeded" });
    },
  },
];

let engine: GuardedEngine;
let guard: PluginServer;

/** As a plugin of a real policy: privileged containers are refused, by what it has been shown. */
const noPrivileged = (body: unknown) => ({
  Allow: !/"privileged"\s*:\s*true/i.test(shownBody(body, "RequestBody") ?? ""),
  Msg: "privileged containers are not allowed",
});

beforeEach(async () => {
  read.length = 0;
  uploadedBytes = 0;
  arrived = Promise.withResolvers<void>();
  engine = await GuardedEngine.start(routes);
  guard = await engine.plugin("guard", { "AuthZPlugin.AuthZReq": noPrivileged });
  await engine.chain.open();
});
afterEach(() => engine[Symbol.asyncDispose]());

const privileged = '{"Image":"x","HostConfig":{"Privileged":true}}';
const create = (headers: string, body: string): Promise<string> =>
  engine.raw(`POST /containers/create HTTP/1.1\nHost: x\nConnection: close\n${headers}\n\n`.concat(body));
const length = (body: string): string => `Content-Length: ${String(Buffer.byteLength(body))}`;
const chunked = (body: string): string => `${body.length.toString(16)}\n${body}\n0\n\n`;

describe("a privileged container is refused", () => {
  test.each([
    ["of its plain type", "application/json"],
    ["of a type with a parameter", "application/json; charset=utf-8"],
    ["of a type with a broken parameter", "application/json; charset"],
    ["of a type in capitals", "APPLICATION/JSON"],
  ])("in a body %s", async (_title, type) => {
    const answer = await create(`Content-Type: ${type}\n${length(privileged)}`, privileged);
    expect(answer).toContain("403 Forbidden");
    expect(answer).toContain("privileged containers are not allowed");
    expect(read).toEqual([]);
  });

  test("in a body that comes in chunks", async () => {
    const answer = await create(
      "Content-Type: application/json\nTransfer-Encoding: chunked",
      chunked(privileged),
    );
    expect(answer).toContain("privileged containers are not allowed");
  });

  test("in a body that waits for 100-continue", async () => {
    const answer = await create(
      `Content-Type: application/json\nExpect: 100-continue\n${length(privileged)}`,
      privileged,
    );
    expect(answer).toContain("privileged containers are not allowed");
  });

  // CVE-2024-41110: a length of zero sent the request past the plugins without its body, while the engine read it.
  test("whose length is told to be zero: nobody reads what follows as its body", async () => {
    const answer = await create("Content-Type: application/json\nContent-Length: 0", privileged);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(read).toEqual([]);
    expect(shownBody(guard.calls[0]?.body, "RequestBody")).toBeUndefined();
  });

  // CVE-2026-34040: a body past the limit was silently not shown.
  test.each([
    ["told", {}],
    ["in chunks", { "Transfer-Encoding": "chunked" }],
  ])("whose body is longer than plugins can be shown, its length %s", async (_title, headers) => {
    const padded = `{"Image":"x","Labels":{"p":"${"x".repeat(4 * 1024 * 1024)}"},"HostConfig":{"Privileged":true}}`;
    const answer = await engine.request("POST", "/containers/create", {
      body: Buffer.from(padded),
      headers: { "Content-Type": "application/json", ...headers },
    });
    expect([answer.status, answer.body]).toEqual([
      403,
      '{"message":"request body too large for authorization plugin: size exceeds 4194304 bytes"}\n',
    ]);
    expect(guard.methods).toEqual([]);
    expect(read).toEqual([]);
  });

  test("whose body is as long as may be: it is shown whole", async () => {
    const frame = privileged.replace('"x"', '"x","Labels":{"p":""}');
    const padded = frame.replace('"p":""', `"p":"${"x".repeat(4 * 1024 * 1024 - frame.length)}"`);
    expect(padded).toHaveLength(4 * 1024 * 1024);
    const answer = await create(`Content-Type: application/json\n${length(padded)}`, padded);
    expect(answer).toContain("privileged containers are not allowed");
    expect(shownBody(guard.calls[0]?.body, "RequestBody")).toBe(padded);
  });

  test.each([
    ["two lengths", `Content-Length: 0\n${length(privileged)}`],
    ["a length and chunks", `${length(privileged)}\nTransfer-Encoding: chunked`],
    ["chunks and a length of zero", "Transfer-Encoding: chunked\nContent-Length: 0"],
    ["an encoding of the transfer that is none", "Transfer-Encoding: chunked, identity"],
    ["a header's name with a blank", `Content-Length : 0\n${length(privileged)}`],
  ])("by the HTTP parser where it has %s", async (_title, headers) => {
    const answer = await create(`Content-Type: application/json\n${headers}`, privileged);
    expect(answer).toContain("400 Bad Request");
    expect(guard.methods).toEqual([]);
    expect(read).toEqual([]);
  });

  test.each([
    ["a type that is not JSON's", "Content-Type: text/plain"],
    ["no type", "X-A: b"],
    ["two types in one", "Content-Type: text/plain, application/json"],
  ])("unread where it has %s", async (_title, type) => {
    const answer = await create(`${type}\n${length(privileged)}`, privileged);
    expect(answer).toMatch(/403 Forbidden/);
    expect(answer).toContain("cannot be shown to authorization plugins: must be 'application/json'");
    expect(read).toEqual([]);
  });

  test.each([
    [
      "twice the same member",
      '{"HostConfig":{"Privileged":false},"HostConfig":{"Privileged":1}}',
      "given twice",
    ],
    [
      "a member in another case",
      '{"hostconfig":{"Privileged":1},"HostConfig":{"Privileged":false}}',
      'member HostConfig is written \\"hostconfig\\"',
    ],
    ["a member with a letter that folds", '{"HoſtConfig":{}}', "member HostConfig is written"],
    ["escaped, twice the same member", '{"HostConfig":{},"\\u0048ostConfig":{}}', "given twice"],
    ["a mark of the byte order before it", "\ufeff{}", "invalid JSON"],
    ["more behind it", "{} {}", "unexpected content after JSON"],
  ])("as unclear where its body has %s", async (_title, body, message) => {
    const answer = await create(`Content-Type: application/json\n${length(body)}`, body);
    expect(answer).toContain("400 Bad Request");
    expect(answer).toContain(message);
    expect(read).toEqual([]);
  });

  test("packed: nobody unpacks it", async () => {
    const body = gzipSync(privileged);
    const answer = await engine.request("POST", "/containers/create", {
      body,
      headers: { "Content-Type": "application/json", "Content-Encoding": "gzip" },
    });
    expect(answer.status).toBe(400);
    expect(read).toEqual([]);
  });

  test.each([
    ["JSON first", "Content-Type: application/json\ncontent-type: text/plain"],
    ["JSON second", "Content-Type: text/plain\nContent-Type: application/json"],
  ])(
    "as one thing to the engine and another to who reads the other of two types, %s",
    async (_title, types) => {
      const answer = await create(`${types}\n${length(privileged)}`, privileged);
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request/);
      expect(answer).toContain("header Content-Type is given twice");
      expect([read, guard.calls]).toEqual([[], []]);
    },
  );

  test.each(["?name=a;b", "?name=%zz"])("as unclear with the query %s", async (query) => {
    const answer = await engine.request("POST", `/containers/create${query}`, { body: { Image: "x" } });
    expect(answer.status).toBe(400);
    expect(answer.body).toContain("can be read in several ways");
    expect(read).toEqual([]);
  });
});

test("a path is shown as it is routed, whatever of it is encoded, and however the host is told", async () => {
  for (const path of [
    "/v1.41/%63ontainers%2fcreate?name=a",
    "http://elsewhere/v1.41/containers/create?name=a#b",
  ]) {
    expect((await engine.request("POST", path, { body: { Image: "x" } })).status).toBe(201);
  }
  const uris = guard.calls.map(({ body }) => Reflect.get(Object(body), "RequestUri"));
  expect(new Set(uris)).toEqual(new Set(["/v1.41/containers/create?name=a"]));
  expect(read).toEqual(Array.from({ length: 2 }, () => ({ privileged: false, name: "a" })));
});

test("a second question mark belongs to a name, as it does to whoever reads what is shown", async () => {
  const path = "/containers/create??name=a";
  expect((await engine.request("POST", path, { body: { Image: "x" } })).status).toBe(201);
  expect(read).toEqual([{ privileged: false, name: "" }]);
});

test("a body without its type is refused also where the handler would take any", async () => {
  const body = Buffer.from('[{"Name":"network","Value":["host"]}]');
  const headers = { "Content-Type": "application/octet-stream" };
  expect((await engine.request("POST", "/plugins/pull", { body, headers })).status).toBe(403);
  expect(read).toEqual([]);
  expect((await engine.request("POST", "/plugins/pull", { body: [] })).status).toBe(204);
});

test("an empty body needs no type", async () => {
  const answer = await engine.request("POST", "/plugins/pull");
  expect([answer.status, answer.body]).toEqual([400, expect.stringContaining("got EOF")]);
});

test("an upload is passed on as it comes, and shown by its headers alone", async () => {
  const upload = request({ socketPath: engine.socket, method: "PUT", path: "/archive" });
  upload.setHeader("Content-Type", "application/x-tar");
  const response = once(upload, "response");
  upload.write("the first part");
  await arrived.promise;
  expect(uploadedBytes).toBe(14);
  upload.end("the rest");
  await response;
  expect(uploadedBytes).toBe(22);
  expect(shownBody(guard.calls[0]?.body, "RequestBody")).toBeUndefined();
});

test("credentials of registries are shown in no way", async () => {
  const answer = await engine.request("POST", "/v1.41/auth?x", {
    body: { username: "u", password: "secret" },
    headers: { "X-Registry-Auth": "secret", "x-registry-config": "secret", Authorization: "secret" },
  });
  expect(answer.body).toContain("token of the user");
  expect(read).toHaveLength(1);
  const shown = guard.calls.map(({ rawBody }) => rawBody).join("\n");
  expect(shown).not.toContain("secret");
  expect(shown).not.toContain("RequestBody");
  expect(shown).not.toContain("ResponseBody");
});
