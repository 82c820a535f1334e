import { Readable } from "node:stream";
import { mediaTypes } from "@davit/protocol";
import { describe, expect, it } from "vitest";
import { digestOf, manifestLimitBytes, readManifest } from "./remote-manifest.ts";

const answer = (body: string, headers: Record<string, string> = {}) => ({
  status: 200,
  statusText: "OK",
  headers,
  body: Readable.from([Buffer.from(body)], { objectMode: false }),
  url: new URL("https://registry.test/v2/a/b/manifests/latest"),
});

describe("readManifest", () => {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: {},
    layers: [],
  });
  const digest = digestOf(Buffer.from(manifest));

  it("takes the type from the header, without its parameters", async () => {
    const response = answer(manifest, { "content-type": `${mediaTypes.ociManifest}; charset=utf-8` });
    expect((await readManifest(response, "latest", "a/b:latest")).mediaType).toBe(mediaTypes.ociManifest);
  });

  it("takes the type from the body where the header says nothing", async () => {
    const response = answer(manifest, { "content-type": "application/octet-stream" });
    expect((await readManifest(response, digest, "a/b:latest")).mediaType).toBe(mediaTypes.dockerManifest);
  });

  it.each([
    ["manifests", mediaTypes.ociIndex],
    ["layers", mediaTypes.ociManifest],
  ])("infers the type of a bare document with %s", async (key, mediaType) => {
    const response = answer(JSON.stringify({ schemaVersion: 2, [key]: [] }));
    expect((await readManifest(response, "latest", "a/b:latest")).mediaType).toBe(mediaType);
  });

  it("refuses bytes that are not the digest's", async () => {
    const other = `sha256:${"0".repeat(64)}`;
    await expect(readManifest(answer(manifest), other, "a/b@x")).rejects.toMatchObject({
      kind: "invalid",
      message: `a/b@x: unexpected digest ${digest}, expected ${other}`,
    });
  });

  it("refuses bytes that are not those of Docker-Content-Digest", async () => {
    const response = answer(manifest, { "docker-content-digest": `sha256:${"1".repeat(64)}` });
    await expect(readManifest(response, "latest", "a/b:latest")).rejects.toMatchObject({ kind: "invalid" });
  });

  it("refuses a document that is both a manifest and an index", async () => {
    const response = answer(JSON.stringify({ config: {}, manifests: [] }));
    await expect(readManifest(response, "latest", "a/b:latest")).rejects.toThrow(
      "both a manifest and an index",
    );
  });

  it("stops reading past the limit", async () => {
    const response = answer("x".repeat(manifestLimitBytes + 1));
    await expect(readManifest(response, "latest", "a/b:latest")).rejects.toThrow(
      `a/b:latest: manifest is larger than ${manifestLimitBytes} bytes`,
    );
  });

  it("says what came instead of a manifest", async () => {
    const response = answer("<html>", { "content-type": "text/html; charset=utf-8" });
    await expect(readManifest(response, "latest", "a/b:latest")).rejects.toThrow(
      "https://registry.test/v2/a/b/manifests/latest: expected a manifest, got 200 OK with content type text/html",
    );
  });
});
