import { once } from "node:events";
import { createServer } from "node:net";
import { mediaTypes } from "@davit/protocol";
import { type Script, type ScriptedServer, startScriptedServer } from "@davit/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { captain, manifest, RegistryFixture } from "./registry-fixture.ts";
import { digestOf } from "./remote-manifest.ts";

const bytes = Buffer.from("0123456789");
const descriptor = { mediaType: mediaTypes.dockerLayerGzip, digest: digestOf(bytes), size: bytes.length };
const never = new AbortController().signal;

describe("RegistryClient with a scripted registry", () => {
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

  async function collect(source: AsyncIterable<Uint8Array>): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  describe("other hosts", () => {
    const basic: Script = (_, response) => {
      response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    };

    it("follows a blob's redirect without credentials", async () => {
      const storage = await serve((_, response) => response.end(bytes));
      const registry = await serve((request, response) => {
        if (request.headers.authorization === undefined) return basic(request, response);
        response.writeHead(307, { location: `${storage.url}/object?sig=1` }).end();
      });
      const access = { auth: captain, headers: { "X-Meta-Trace": "7" } };
      const session = openSession(registry.host, access);
      expect(await collect(await session.blob(descriptor, 0, never))).toBe("0123456789");
      expect(registry.requests.at(-1)?.headers.authorization).toBe(`Basic ${btoa("captain:secret")}`);
      expect(storage.requests[0]?.url).toBe("/object?sig=1");
      expect(storage.requests[0]?.headers.authorization).toBeUndefined();
      expect(storage.requests[0]?.headers["x-meta-trace"]).toBeUndefined();
    });

    it("tells no other host the credentials even when it asks", async () => {
      const storage = await serve(basic);
      const registry = await serve((request, response) => {
        if (request.headers.authorization === undefined) return basic(request, response);
        response.writeHead(307, { location: `${storage.url}/object` }).end();
      });
      const session = openSession(registry.host, { auth: captain });
      await expect(session.blob(descriptor, 0, never)).rejects.toMatchObject({ kind: "unauthorized" });
      expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    });

    it("uploads to another host without credentials, its query kept", async () => {
      const storage = await serve((_, response) => response.writeHead(201).end());
      const registry = await serve((request, response) => {
        if (request.headers.authorization === undefined) return basic(request, response);
        if (request.method === "HEAD") response.writeHead(404).end();
        else response.writeHead(202, { location: `${storage.url}/upload?_state=a%2Bb==` }).end();
      });
      const session = openSession(registry.host, { auth: captain, actions: "push" });
      async function* open() {
        yield bytes;
      }
      expect(await session.upload({ digest: descriptor.digest, sizeBytes: bytes.length, open })).toBe("sent");
      expect(storage.requests).toHaveLength(1);
      expect(storage.requests[0]).toMatchObject({
        method: "PUT",
        url: `/upload?_state=a%2Bb==&digest=${encodeURIComponent(descriptor.digest)}`,
        body: "0123456789",
      });
      expect(storage.requests[0]?.headers["content-length"]).toBe("10");
      expect(storage.requests[0]?.headers.authorization).toBeUndefined();
    });

    it("asks a mirror of docker.io anonymously, on behalf of docker.io", async () => {
      const mirror = await serve((_, response) => {
        response.setHeader("content-type", mediaTypes.dockerManifest);
        response.end(manifest);
      });
      const options = { registryMirrors: [mirror.url] };
      await openSession("docker.io", { auth: captain }, options).manifest("v1");
      expect(mirror.requests[0]?.url).toBe("/v2/a/b/manifests/v1?ns=docker.io");
      expect(mirror.requests[0]?.headers.authorization).toBeUndefined();
    });
  });

  describe("bad answers", () => {
    it("says that HTML is no manifest", async () => {
      const registry = await serve((_, response) => {
        response.setHeader("content-type", "text/html");
        response.end("<html>welcome</html>");
      });
      await expect(openSession(registry.host).manifest("v1")).rejects.toMatchObject({
        kind: "unavailable",
        message: `${registry.url}/v2/a/b/manifests/v1: expected a manifest, got 200 OK with content type text/html: is this a registry?`,
      });
    });

    it("says the status and the type of an HTML error", async () => {
      const registry = await serve((_, response) =>
        response.writeHead(410, { "content-type": "text/html" }).end("<html>"),
      );
      await expect(openSession(registry.host).manifest("v1")).rejects.toThrow(
        `unexpected status from GET request to ${registry.url}/v2/a/b/manifests/v1: 410 Gone (text/html)`,
      );
    });

    it("says what the registry says when it refuses", async () => {
      const registry = await serve((_, response) =>
        response.writeHead(403).end(JSON.stringify({ errors: [{ code: "DENIED", message: "not for you" }] })),
      );
      await expect(openSession(registry.host).manifest("v1")).rejects.toMatchObject({
        kind: "forbidden",
        message:
          `pull access denied for ${registry.host}/a/b, repository does not exist or may require authorization: ` +
          "server message: denied: not for you",
      });
    });

    it("refuses a manifest that is not the digest's", async () => {
      const registry = await serve((_, response) => response.end(manifest));
      await expect(openSession(registry.host).manifest(descriptor.digest)).rejects.toMatchObject({
        kind: "invalid",
        message: `${registry.host}/a/b@${descriptor.digest}: unexpected digest ${digestOf(Buffer.from(manifest))}, expected ${descriptor.digest}`,
      });
    });

    it("skips the beginning itself where ranges are not served", async () => {
      const registry = await serve((_, response) => response.end(bytes));
      const session = openSession(registry.host);
      expect(await collect(await session.blob(descriptor, 4, never))).toBe("456789");
      expect(registry.requests[0]?.headers.range).toBe("bytes=4-");
    });

    it("refuses another range than it asked for", async () => {
      const registry = await serve((_, response) =>
        response.writeHead(206, { "content-range": "bytes 2-9/10" }).end("23456789"),
      );
      await expect(openSession(registry.host).blob(descriptor, 4, never)).rejects.toThrow(
        'asked for bytes from 4, got content range "bytes 2-9/10"',
      );
    });

    it("tells a blob that ends early from one that is whole", async () => {
      const registry = await serve((_, response) => {
        response.writeHead(200, { "content-length": "10" });
        response.write("0123", () => response.destroy());
      });
      const body = await openSession(registry.host).blob(descriptor, 0, never);
      await expect(collect(body)).rejects.toMatchObject({
        kind: "unavailable",
        message: `Get "${registry.url}/v2/a/b/blobs/${descriptor.digest}": unexpected EOF`,
      });
    });
  });

  describe("no answer", () => {
    it("says that nobody listens", async () => {
      const gone = await startScriptedServer(() => {});
      await gone.stop();
      await expect(openSession(gone.host).manifest("v1")).rejects.toMatchObject({
        kind: "unavailable",
        message: `Get "https://${gone.host}/v2/a/b/manifests/v1": dial tcp ${gone.host}: connect: connection refused`,
      });
    });

    it("gives up on a registry that never answers", async () => {
      const registry = await serve(() => {});
      await expect(openSession(registry.host, {}, { timeoutMs: 300 }).manifest("v1")).rejects.toMatchObject({
        kind: "unavailable",
        message: expect.stringContaining('/v2/a/b/manifests/v1": timeout awaiting response headers'),
      });
      expect(registry.requests).toHaveLength(1);
    });

    it("gives up on a peer that never speaks TLS", async () => {
      const silent = createServer((socket) => socket.on("error", () => {}).resume());
      silent.listen(0, "127.0.0.1");
      await once(silent, "listening");
      const address = silent.address();
      const port = typeof address === "object" ? address?.port : undefined;
      fixture.onCleanUp(async () => {
        silent.close();
        await once(silent, "close");
      });
      const session = openSession(`127.0.0.1:${port}`, {}, { timeoutMs: 300 });
      await expect(session.manifest("v1")).rejects.toMatchObject({
        kind: "unavailable",
        message: expect.stringContaining("i/o timeout"),
      });
    });

    it("stops waiting when the session is cancelled", async () => {
      const cancel = new AbortController();
      const registry = await serve(() => cancel.abort());
      const session = openSession(registry.host, { signal: cancel.signal });
      await expect(session.manifest("v1")).rejects.toMatchObject({
        kind: "canceled",
        message: `Get "${registry.url}/v2/a/b/manifests/v1": context canceled`,
      });
    });

    it("stops sending a blob when the session is cancelled", async () => {
      const cancel = new AbortController();
      const registry = await serve((request, response) => {
        if (request.method === "HEAD") response.writeHead(404).end();
        else response.writeHead(202, { location: "/upload" }).end();
      });
      const session = openSession(registry.host, { actions: "push", signal: cancel.signal });
      let released = false;
      async function* open() {
        try {
          yield bytes;
          cancel.abort();
          yield bytes;
        } finally {
          released = true;
        }
      }
      const sizeBytes = 2 * bytes.length;
      await expect(session.upload({ digest: descriptor.digest, sizeBytes, open })).rejects.toMatchObject({
        kind: "canceled",
      });
      expect(released).toBe(true);
    });

    it("stops reading a blob when its reader is cancelled", async () => {
      const cancel = new AbortController();
      const registry = await serve((_, response) => {
        response.writeHead(200, { "content-length": "10" });
        response.write("0123");
      });
      const body = await openSession(registry.host).blob(descriptor, 0, cancel.signal);
      const read = async (): Promise<void> => {
        for await (const _ of body) cancel.abort();
      };
      await expect(read()).rejects.toMatchObject({ kind: "canceled" });
    });

    it("says that a host does not exist", async () => {
      await expect(openSession("nowhere.invalid").manifest("v1")).rejects.toThrow(
        /^Get "https:\/\/nowhere\.invalid\/v2\/a\/b\/manifests\/v1": dial tcp: lookup nowhere\.invalid: /,
      );
    });
  });

  describe("repetition", () => {
    it("asks again after errors of the server's and a broken connection", async () => {
      const registry = await serve((_, response) => {
        if (registry.requests.length === 1) response.writeHead(503).end();
        else if (registry.requests.length === 2) response.destroy();
        else if (registry.requests.length === 3) response.writeHead(429, { "retry-after": "0" }).end();
        else response.end(manifest);
      });
      await openSession(registry.host).manifest("v1");
      expect(registry.requests).toHaveLength(4);
    });

    it("asks four times at most", async () => {
      const registry = await serve((_, response) => response.writeHead(502).end());
      await expect(openSession(registry.host).manifest("v1")).rejects.toMatchObject({ kind: "unavailable" });
      expect(registry.requests).toHaveLength(4);
    });

    it("does not wait for as long as a registry may ask", async () => {
      const registry = await serve((_, response) =>
        response
          .writeHead(429, { "retry-after": "3600" })
          .end(JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "slow down" }] })),
      );
      await expect(openSession(registry.host).manifest("v1")).rejects.toThrow("toomanyrequests: slow down");
      expect(registry.requests).toHaveLength(1);
    });
  });
});
