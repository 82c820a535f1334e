import { mediaTypes } from "@davit/protocol";
import { type Script, type ScriptedServer, startScriptedServer } from "@davit/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { captain, manifest, RegistryFixture } from "./registry-fixture.ts";

const never = new AbortController().signal;

/** Answers the manifest for the right token, and a challenge for anything else. */
function bearerRegistry(tokenServer: () => string, token: string): Script {
  return (request, response) => {
    if (request.headers.authorization === `Bearer ${token}`) {
      response.setHeader("content-type", mediaTypes.dockerManifest);
      response.end(manifest);
      return;
    }
    const challenge = `Bearer realm="${tokenServer()}/token",service="reg",scope="repository:a/b:pull"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  };
}

describe("RegistryClient with a token server", () => {
  const fixture = new RegistryFixture();
  const openSession = fixture.openSession.bind(fixture);
  afterEach(async () => {
    await fixture.cleanUp();
  });
  const serve = async (script: Script): Promise<ScriptedServer> => {
    const server = await startScriptedServer(script);
    fixture.onCleanUp(server.stop);
    return server;
  };

  it("asks anonymously for the plugin's own scope too, and keeps the token", async () => {
    const tokens = await serve((_, response) => response.end(JSON.stringify({ token: "good" })));
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    const session = openSession(registry.host, { headers: { "X-Meta-Trace": "7", Cookie: "no" } });
    await session.manifest("v1");
    await session.manifest("v1");
    expect(tokens.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /token?service=reg&scope=repository%28plugin%29%3Aa%2Fb%3Apull&scope=repository%3Aa%2Fb%3Apull",
    ]);
    expect(tokens.requests[0]?.headers.authorization).toBeUndefined();
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer good",
      "Bearer good",
    ]);
    expect(registry.requests[0]?.headers).toMatchObject({
      "user-agent": "docker/test",
      "x-meta-trace": "7",
    });
    expect(registry.requests[0]?.headers.cookie).toBeUndefined();
    expect(registry.requests[0]?.headers.accept).toContain(mediaTypes.ociIndex);
  });

  it("sends a password by form, and an image's scope alone", async () => {
    const tokens = await serve((_, response) => response.end(JSON.stringify({ access_token: "good" })));
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    await openSession(registry.host, { auth: captain, resource: "image" }).manifest("v1");
    expect(tokens.requests.map(({ method }) => method)).toEqual(["POST"]);
    expect(Object.fromEntries(new URLSearchParams(tokens.requests[0]?.body))).toEqual({
      grant_type: "password",
      username: "captain",
      password: "secret",
      service: "reg",
      client_id: "containerd-client",
      scope: "repository:a/b:pull",
    });
  });

  it("sends an identity token as refresh token", async () => {
    const tokens = await serve((_, response) => response.end(JSON.stringify({ access_token: "good" })));
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    const auth = { ...captain, username: "", password: "", identitytoken: "long-lived" };
    await openSession(registry.host, { auth }).manifest("v1");
    const form = new URLSearchParams(tokens.requests[0]?.body);
    expect([form.get("grant_type"), form.get("refresh_token")]).toEqual(["refresh_token", "long-lived"]);
  });

  it("falls back to Basic where the form is not served", async () => {
    const tokens = await serve((request, response) => {
      if (request.method === "POST") response.writeHead(405).end();
      else response.end(JSON.stringify({ token: "good" }));
    });
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    await openSession(registry.host, { auth: captain }).manifest("v1");
    expect(tokens.requests[1]?.headers.authorization).toBe(`Basic ${btoa("captain:secret")}`);
  });

  it("replaces a token that no longer counts", async () => {
    let count = 0;
    const tokens = await serve((_, response) => response.end(JSON.stringify({ token: `t${++count}` })));
    const registry = await serve((request, response) =>
      bearerRegistry(() => tokens.url, `t${registry.requests.length < 3 ? 1 : 2}`)(request, response),
    );
    const session = openSession(registry.host);
    await session.manifest("v1");
    await session.manifest("v1");
    expect(tokens.requests).toHaveLength(2);
  });

  it("fetches one token for requests refused at once", async () => {
    const tokens = await serve((_, response) => response.end(JSON.stringify({ token: "good" })));
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    const session = openSession(registry.host);
    await Promise.all([session.manifest("v1"), session.manifest("v2"), session.manifest("v3")]);
    expect(tokens.requests).toHaveLength(1);
  });

  it("gives up where a fresh token is refused for a reason", async () => {
    const tokens = await serve((_, response) => response.end(JSON.stringify({ token: "weak" })));
    const registry = await serve((_, response) => {
      const challenge = `Bearer realm="${tokens.url}/token",service="reg",error="insufficient_scope"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    await expect(openSession(registry.host).manifest("v1")).rejects.toMatchObject({
      kind: "unauthorized",
      message:
        `pull access denied for ${registry.host}/a/b, repository does not exist or may require authorization: ` +
        "server message: insufficient_scope: authorization failed",
    });
    expect(tokens.requests).toHaveLength(1);
  });

  it("says why there is no token", async () => {
    const tokens = await serve((_, response) => response.writeHead(418).end("<html>"));
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    await expect(openSession(registry.host).manifest("v1")).rejects.toThrow(
      `failed to fetch anonymous token: unexpected status from GET request to ${tokens.url}/token: 418`,
    );
  });

  it("answers a login's identity token", async () => {
    const tokens = await serve((_, response) =>
      response.end(JSON.stringify({ token: "good", refresh_token: "long-lived" })),
    );
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    const auth = { ...captain, serveraddress: registry.host };
    expect(await fixture.createClient().login(auth, never)).toBe("long-lived");
  });

  it("refuses a login whose token is refused", async () => {
    const tokens = await serve((_, response) => response.writeHead(401).end());
    const registry = await serve(bearerRegistry(() => tokens.url, "good"));
    const auth = { ...captain, serveraddress: registry.host };
    await expect(fixture.createClient().login(auth, never)).rejects.toMatchObject({
      kind: "unauthorized",
      message: "unauthorized: incorrect username or password",
    });
  });
});
