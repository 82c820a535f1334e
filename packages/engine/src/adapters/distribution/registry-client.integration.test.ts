import { randomBytes } from "node:crypto";
import { type Descriptor, mediaTypes, type RegistryAuth } from "@davit/protocol";
import { type DockerRegistry, startDockerRegistry } from "@davit/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { RegistryAccess, RegistrySession, UploadOutcome } from "../../core/ports/registry.ts";
import { parseReference } from "../../core/reference.ts";
import { RegistryClient } from "./registry-client.ts";
import { digestOf } from "./remote-manifest.ts";

const client = new RegistryClient({
  insecureRegistries: [],
  registryMirrors: [],
  userAgent: "docker/test",
  retryDelayMs: 1,
});
afterAll(async () => {
  await client.close();
});

const authOf = (username: string, password: string, serveraddress = ""): RegistryAuth => ({
  username,
  password,
  serveraddress,
  email: "",
  identitytoken: "",
  registrytoken: "",
  auth: "",
});

function openSession(
  registry: DockerRegistry,
  path: string,
  access: Partial<RegistryAccess> & Pick<RegistryAccess, "actions">,
): RegistrySession {
  const signal = new AbortController().signal;
  return client.open(parseReference(`${registry.host}/${path}`), { resource: "plugin", signal, ...access });
}

async function* inParts(bytes: Uint8Array, sizeBytes: number): ByteStream {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

async function collect(source: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sourceOf = (bytes: Uint8Array) => ({
  digest: digestOf(bytes),
  sizeBytes: bytes.length,
  open: () => inParts(bytes, 64 * 1024),
});

const layer = randomBytes(1_500_000);
const config = Buffer.from(JSON.stringify({ description: "a plugin" }));
const descriptor = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});
const layerDescriptor = descriptor(mediaTypes.dockerLayerGzip, layer);
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    config: descriptor(mediaTypes.pluginConfig, config),
    layers: [layerDescriptor],
    mediaType: mediaTypes.dockerManifest,
  }),
);

async function push(session: RegistrySession): Promise<readonly UploadOutcome[]> {
  const outcomes = await Promise.all([session.upload(sourceOf(config)), session.upload(sourceOf(layer))]);
  await session.putManifest("v1", mediaTypes.dockerManifest, manifest);
  return outcomes;
}

describe("RegistryClient with an open registry", () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(async () => {
    await registry.stop();
  });

  it("pulls by tag and by digest what it pushed", async () => {
    expect(await push(openSession(registry, "a/round", { actions: "push" }))).toEqual(["sent", "sent"]);
    const session = openSession(registry, "a/round", { actions: "pull" });
    const pulled = await session.manifest("v1");
    expect(pulled).toEqual({
      mediaType: mediaTypes.dockerManifest,
      digest: digestOf(manifest),
      bytes: manifest,
    });
    expect(await session.manifest(digestOf(manifest))).toEqual(pulled);
    const signal = new AbortController().signal;
    expect(await collect(await session.blob(layerDescriptor, 0, signal))).toEqual(layer);
    expect(await collect(await session.blob(layerDescriptor, 1_000_000, signal))).toEqual(
      layer.subarray(1_000_000),
    );
  });

  it("mounts what another repository of the registry has", async () => {
    await push(openSession(registry, "a/source", { actions: "push" }));
    const session = openSession(registry, "b/target", { actions: "push" });
    expect(await session.upload(sourceOf(layer))).toEqual({ mountedFrom: "a/source" });
    const pulled = openSession(registry, "b/target", { actions: "pull" });
    expect(await collect(await pulled.blob(layerDescriptor, 0, new AbortController().signal))).toEqual(layer);
  });

  it("sends what the repository that was named does not have", async () => {
    const bytes = randomBytes(1000);
    const session = openSession(registry, "b/unknown", { actions: "push" });
    expect(await session.upload({ ...sourceOf(bytes), alsoIn: ["a/nosuch"] })).toBe("sent");
  });

  it("sends no blob that is there", async () => {
    await push(openSession(registry, "a/again", { actions: "push" }));
    const session = openSession(registry, "a/again", { actions: "push" });
    const open = (): ByteStream => {
      throw new Error("was asked for its bytes");
    };
    expect(await session.upload({ ...sourceOf(layer), open })).toBe("exists");
  });

  it("tells how much of a blob was sent", async () => {
    const progress: number[] = [];
    const session = openSession(registry, "a/progress", { actions: "push" });
    const bytes = randomBytes(1_500_000);
    await session.upload(sourceOf(bytes), (current) => progress.push(current));
    expect(progress.at(-1)).toBe(bytes.length);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it("fails an upload whose source fails, in the source's words", async () => {
    const session = openSession(registry, "a/broken", { actions: "push" });
    const bytes = randomBytes(100);
    async function* broken(): ByteStream {
      yield bytes.subarray(0, 10);
      throw new Error("disk is gone");
    }
    await expect(session.upload({ ...sourceOf(bytes), open: broken })).rejects.toThrow("disk is gone");
  });

  it("refuses an upload whose bytes are not its digest's", async () => {
    const session = openSession(registry, "a/wrong", { actions: "push" });
    await expect(session.upload({ ...sourceOf(layer), digest: digestOf(randomBytes(8)) })).rejects.toThrow(
      /unexpected status from PUT request .*: 400 Bad Request: digestinvalid: /,
    );
  });

  it("says that a tag, a repository and a blob are not there", async () => {
    const session = openSession(registry, "a/missing", { actions: "pull" });
    await expect(session.manifest("v9")).rejects.toMatchObject({
      kind: "not-found",
      message: `${registry.host}/a/missing:v9: not found`,
    });
    await expect(session.blob(layerDescriptor, 0, new AbortController().signal)).rejects.toMatchObject({
      kind: "not-found",
      message: `${registry.host}/a/missing@${layerDescriptor.digest}: not found`,
    });
  });

  it("needs no credentials for a login", async () => {
    const auth = authOf("anybody", "anything", registry.url);
    expect(await client.login(auth, new AbortController().signal)).toBe("");
  });
});

describe("RegistryClient with a registry that wants a password", () => {
  const password = "correct horse";
  const htpasswd = "captain:$2b$05$xLCtsJNCyRMlY6XJJs2zS.201Yeb2JV6IrvNy6/vyge7l8SDgpxmu\n";
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await startDockerRegistry({ htpasswd });
  });
  afterAll(async () => {
    await registry.stop();
  });

  it("pushes and pulls with the password", async () => {
    const auth = authOf("captain", password);
    expect(await push(openSession(registry, "a/basic", { actions: "push", auth }))).toEqual(["sent", "sent"]);
    const pulled = await openSession(registry, "a/basic", { actions: "pull", auth }).manifest("v1");
    expect(pulled.digest).toBe(digestOf(manifest));
  });

  it("says that credentials are missing", async () => {
    const repository = `${registry.host}/a/basic`;
    await expect(openSession(registry, "a/basic", { actions: "pull" }).manifest("v1")).rejects.toMatchObject({
      kind: "unauthorized",
      message:
        `pull access denied for ${repository}, repository does not exist or may require authorization: ` +
        "authorization failed: no basic auth credentials",
    });
  });

  it("says that access is denied with a wrong password", async () => {
    const auth = authOf("captain", "wrong");
    const session = openSession(registry, "a/basic", { actions: "push", auth });
    await expect(session.upload(sourceOf(config))).rejects.toMatchObject({
      kind: "unauthorized",
      message: expect.stringContaining(`push access denied for ${registry.host}/a/basic, `),
    });
  });

  it("checks a login", async () => {
    const signal = new AbortController().signal;
    expect(await client.login(authOf("captain", password, registry.host), signal)).toBe("");
    await expect(client.login(authOf("captain", "wrong", registry.url), signal)).rejects.toMatchObject({
      kind: "unauthorized",
      message: "unauthorized: incorrect username or password",
    });
  });
});
