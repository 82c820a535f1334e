import { randomBytes } from "node:crypto";
import { mediaTypes } from "@davit/protocol";
import { type Script, type ScriptedServer, startScriptedServer } from "@davit/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { captain, manifest, RegistryFixture } from "./registry-fixture.ts";
import { digestOf } from "./remote-manifest.ts";

const bytes = randomBytes(400_000);
const descriptor = { mediaType: mediaTypes.dockerLayerGzip, digest: digestOf(bytes), size: bytes.length };
const never = new AbortController().signal;

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const rangeStart = (range: string | undefined): number =>
  Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);

describe("a transfer that breaks", () => {
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

  /** Gives at most `partBytes` per connection, and breaks it. */
  const breakingAfter =
    (partBytes: number): Script =>
    (request, response) => {
      const start = rangeStart(request.headers.range);
      const rest = bytes.subarray(start);
      response.writeHead(start === 0 ? 200 : 206, {
        "content-length": rest.length,
        "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      if (rest.length <= partBytes) response.end(rest);
      else response.write(rest.subarray(0, partBytes), () => response.destroy());
    };

  it("goes on where the connection broke, as often as it takes while there is progress", async () => {
    const registry = await serve(breakingAfter(70_000));
    const body = await openSession(registry.host).blob(descriptor, 0, never);
    expect(await collect(body)).toEqual(bytes);
    const starts = registry.requests.map(({ headers }) => rangeStart(headers.range));
    expect(starts.length).toBeGreaterThanOrEqual(6);
    expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
  });

  it("is given up after five attempts that bring next to nothing", async () => {
    const registry = await serve(breakingAfter(1000));
    const body = await openSession(registry.host).blob(descriptor, 0, never);
    await expect(collect(body)).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("unexpected EOF"),
    });
    expect(registry.requests).toHaveLength(6);
  });

  it("fails with the registry's refusal when it refuses the rest", async () => {
    const registry = await serve((request, response) => {
      if (registry.requests.length === 1) breakingAfter(70_000)(request, response);
      else response.writeHead(404).end();
    });
    const body = await openSession(registry.host).blob(descriptor, 0, never);
    await expect(collect(body)).rejects.toMatchObject({ kind: "not-found" });
  });

  it("is not tried again when it is cancelled while it waits", async () => {
    const cancel = new AbortController();
    const registry = await serve(breakingAfter(70_000));
    const session = openSession(registry.host, {}, { retryDelayMs: 60_000 });
    const body = await session.blob(descriptor, 0, cancel.signal);
    const reading = collect(body);
    setTimeout(() => cancel.abort(), 50);
    await expect(reading).rejects.toMatchObject({ kind: "canceled" });
    expect(registry.requests).toHaveLength(1);
  });

  it("goes on at the next mirror", async () => {
    const first = await serve((request, response) => {
      if (request.headers.range === undefined) breakingAfter(70_000)(request, response);
      else response.writeHead(404).end();
    });
    const second = await serve(breakingAfter(bytes.length));
    const session = openSession("docker.io", {}, { registryMirrors: [first.url, second.url] });
    expect(await collect(await session.blob(descriptor, 0, never))).toEqual(bytes);
    expect(rangeStart(second.requests[0]?.headers.range)).toBeGreaterThan(0);
  });

  const uploads =
    (put: Script): Script =>
    (request, response) => {
      if (request.method === "HEAD") response.writeHead(404).end();
      else if (request.method === "POST") response.writeHead(202, { location: "/upload/1?_state=x" }).end();
      else if (request.method === "DELETE") response.writeHead(204).end();
      else put(request, response);
    };
  async function* open() {
    yield bytes;
  }
  const blob = { digest: descriptor.digest, sizeBytes: bytes.length, open };

  it("cancels an upload that the registry refuses", async () => {
    const registry = await serve(
      uploads((_, response) =>
        response
          .writeHead(400)
          .end(JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "no match" }] })),
      ),
    );
    const session = openSession(registry.host, { actions: "push" });
    await expect(session.upload(blob)).rejects.toThrow("digestinvalid: no match");
    expect(registry.requests.at(-1)).toMatchObject({ method: "DELETE", url: "/upload/1?_state=x" });
  });

  it("cancels an upload whose session is cancelled", async () => {
    const cancel = new AbortController();
    const registry = await serve(uploads(() => {}));
    const session = openSession(registry.host, { actions: "push", signal: cancel.signal });
    const halfway = {
      ...blob,
      async *open() {
        yield bytes.subarray(0, 1000);
        cancel.abort();
        yield bytes.subarray(1000);
      },
    };
    await expect(session.upload(halfway)).rejects.toMatchObject({ kind: "canceled" });
    expect(registry.requests.at(-1)).toMatchObject({ method: "DELETE", url: "/upload/1?_state=x" });
  });

  it("sends a blob that cannot be mounted for want of access to its other repository", async () => {
    const registry = await serve((request, response) => {
      if (request.method === "POST" && request.url.includes("mount=")) response.writeHead(403).end();
      else uploads((_, answer) => answer.writeHead(201).end())(request, response);
    });
    const session = openSession(registry.host, { actions: "push" });
    expect(await session.upload({ ...blob, alsoIn: ["x/y"] })).toBe("sent");
    expect(registry.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `HEAD /v2/a/b/blobs/${descriptor.digest}`,
      `POST /v2/a/b/blobs/uploads/?mount=${encodeURIComponent(descriptor.digest)}&from=x%2Fy`,
      "POST /v2/a/b/blobs/uploads/",
      `PUT /upload/1?_state=x&digest=${encodeURIComponent(descriptor.digest)}`,
    ]);
  });

  it("sends a registry token as it is", async () => {
    const registry = await serve((request, response) => {
      if (request.headers.authorization === "Bearer given") response.end(manifest);
      else response.writeHead(401, { "www-authenticate": 'Bearer realm="http://127.0.0.1:1/t"' }).end();
    });
    const auth = { ...captain, username: "", password: "", registrytoken: "given" };
    await openSession(registry.host, { auth }).manifest("v1");
    expect(registry.requests).toHaveLength(2);
  });

  it("takes the name and the password from `auth` where they are not given apart", async () => {
    const registry = await serve((request, response) => {
      if (request.headers.authorization === `Basic ${btoa("captain:se:cret")}`) response.end(manifest);
      else response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
    });
    const auth = { ...captain, username: "", password: "", auth: btoa("captain:se:cret") };
    await openSession(registry.host, { auth }).manifest("v1");
    expect(registry.requests).toHaveLength(2);
  });
});
