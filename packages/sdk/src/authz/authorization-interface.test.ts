import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PluginServer, servePlugin } from "../serve-plugin.ts";
import { PluginClient } from "../testing/plugin-client.ts";
import type { AuthorizationRequest, AuthorizationResponse, Authorizer } from "./authorizer.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const silent = { debug: () => undefined, info: () => undefined, error: () => undefined };

let dir: string;
let server: PluginServer;
let client: PluginClient;
let asked: AuthorizationRequest[];
let answered: AuthorizationResponse[];

const authorizer: Authorizer = {
  authorizeRequest(request) {
    asked.push(request);
    if (request.path === "/throws") throw new Error("cannot say");
    return request.user === "mallory" ? { allow: false, reason: "not mallory" } : { allow: true };
  },
  authorizeResponse(response) {
    answered.push(response);
    return response.status < 500 ? { allow: true } : { allow: false, reason: "a failure" };
  },
};

async function serve(driver: Authorizer): Promise<void> {
  server = await servePlugin({ authorizer: driver }, { socket: join(dir, "p.sock"), logger: silent });
  client = new PluginClient(server.socket);
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "authz-"));
  [asked, answered] = [[], []];
  await serve(authorizer);
});
afterEach(async () => {
  client.close();
  await server.stop();
  await rm(dir, { recursive: true });
});

const ask = async (body: object, method = "AuthZPlugin.AuthZReq") => {
  const { status, body: text } = await client.call(method, JSON.stringify(body));
  return [status, text];
};

describe("an authorizer", () => {
  it("is known to engines as authz", async () => {
    expect((await client.call("Plugin.Activate")).body).toBe('{"Implements":["authz"]}');
  });

  it("is given a request as the engine reads it", async () => {
    const wire = {
      User: "alice",
      UserAuthNMethod: "TLS",
      RequestMethod: "POST",
      RequestUri: "/v1.41/volumes/a%20b/x?name=a&name=b",
      RequestBody: base64('{"Name":"v"}'),
      RequestHeaders: { "Content-Type": "application/json" },
      RequestPeerCertificates: [base64("PEM")],
    };
    expect(await ask(wire)).toEqual([200, '{"Allow":true}']);
    expect(asked).toEqual([
      {
        user: "alice",
        certificates: ["PEM"],
        method: "POST",
        path: "/volumes/a b/x",
        version: "1.41",
        query: new URLSearchParams("name=a&name=b"),
        headers: { "Content-Type": "application/json" },
        body: { Name: "v" },
      },
    ]);
    expect(asked[0]?.query.get("name")).toBe("a");
  });

  it("is given nothing where nothing is told", async () => {
    await ask({ RequestMethod: "GET", RequestUri: "/_ping" });
    expect(asked[0]).toMatchObject({ user: undefined, path: "/_ping", version: undefined, body: undefined });
    await ask({ RequestMethod: "GET", RequestUri: "/vault/x" });
    expect(asked[1]).toMatchObject({ path: "/vault/x", version: undefined });
  });

  it("denies with its reason", async () => {
    expect(await ask({ User: "mallory", RequestUri: "/x" })).toEqual([
      200,
      '{"Allow":false,"Msg":"not mallory"}',
    ]);
  });

  it.each([
    [{ RequestUri: "/throws" }, 500, "cannot say"],
    [{ RequestUri: "/x", RequestBody: base64("{") }, 400, "the body is no JSON"],
    [{ RequestUri: "/%zz" }, 400, "path /%zz"],
    [{ RequestUri: 7 }, 400, "bad request"],
  ])("answers %j with a failure, which denies", async (wire, status, text) => {
    expect(await ask(wire)).toEqual([status, expect.stringContaining(text)]);
  });

  it("is given the answer with its request", async () => {
    const wire = {
      RequestMethod: "GET",
      RequestUri: "/v1.41/info",
      ResponseStatusCode: 200,
      ResponseBody: base64('{"ID":"x"}\n'),
      ResponseHeaders: { Server: "Davit" },
    };
    expect(await ask(wire, "AuthZPlugin.AuthZRes")).toEqual([200, '{"Allow":true}']);
    expect(answered).toMatchObject([
      { request: { path: "/info" }, status: 200, headers: { Server: "Davit" }, body: { ID: "x" } },
    ]);
  });

  it("takes requests and answers as long as the engine shows them", async () => {
    const wire = {
      RequestUri: "/x",
      RequestBody: base64(JSON.stringify("x".repeat(4 * 1024 * 1024 - 2))),
      ResponseBody: base64(JSON.stringify("x".repeat(16 * 1024 * 1024 - 2))),
    };
    expect(await ask(wire, "AuthZPlugin.AuthZRes")).toEqual([200, '{"Allow":true}']);
  });
});

it("an authorizer of requests alone allows their answers", async () => {
  client.close();
  await server.stop();
  await serve({ authorizeRequest: () => ({ allow: false, reason: "no" }) });
  expect(await ask({ RequestUri: "/x" }, "AuthZPlugin.AuthZRes")).toEqual([200, '{"Allow":true}']);
});
