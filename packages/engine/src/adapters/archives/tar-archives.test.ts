import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { makeTar } from "../../core/tar/make-tar.ts";
import { concatBytes } from "../../core/tar/tar-entry.ts";
import { TarArchives } from "./tar-archives.ts";

type Item = Parameters<typeof makeTar>[0][number];

let tempDir: string;

beforeEach(async () => {
  tempDir = await mkdtemp(`${tmpdir()}/arch-`);
});
afterEach(() => rm(tempDir, { recursive: true, force: true }));

async function* stream(bytes: Uint8Array): ByteStream {
  for (let at = 0; at < bytes.length; at += 7000) yield bytes.subarray(at, at + 7000);
}

async function textOf(source: ByteStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.from(concatBytes(chunks)).toString();
}

const digestOf = (data: Uint8Array): string => `sha256:${createHash("sha256").update(data).digest("hex")}`;
const json = (path: string, value: unknown): Item => ({ path, data: Buffer.from(JSON.stringify(value)) });
const imageConfig = (layers: number) => ({
  architecture: "amd64",
  os: "linux",
  rootfs: {
    type: "layers",
    diff_ids: Array.from({ length: layers }, (_, at) => digestOf(Buffer.from([at]))),
  },
});

const saved = (): Item[] => [
  { path: "one/layer.tar", data: Buffer.from("layer one") },
  { path: "two/layer.tar", type: "2", linkPath: "../one/layer.tar" },
  json("abc.json", imageConfig(2)),
  json("manifest.json", [
    { Config: "abc.json", RepoTags: ["busybox:latest", "b:1"], Layers: ["one/layer.tar", "two/layer.tar"] },
    { Config: "abc.json", RepoTags: null, Layers: ["one/layer.tar", "one/layer.tar"] },
  ]),
];

/** The platform is the one that runs the test, the other one is none. */
function layout(broken = false): Item[] {
  const blob = (data: Uint8Array) => ({ path: `blobs/sha256/${digestOf(data).slice(7)}`, data });
  const describe = (data: Uint8Array, mediaType: string, more = {}) => ({
    mediaType,
    digest: digestOf(data),
    size: data.length,
    ...more,
  });
  const layer = Buffer.from("the layer");
  const config = Buffer.from(JSON.stringify(imageConfig(1)));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: describe(config, "application/vnd.oci.image.config.v1+json"),
      layers: [describe(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
    }),
  );
  const type = "application/vnd.oci.image.manifest.v1+json";
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        describe(Buffer.from("other"), type, { platform: { os: "linux", architecture: "s390x" } }),
        describe(manifest, type, { platform: { os: "linux", architecture } }),
      ],
    }),
  );
  const annotations = { "org.opencontainers.image.ref.name": "example.com/a:1" };
  const top = describe(index, "application/vnd.oci.image.index.v1+json", { annotations });
  return [
    ...[layer, config, manifest, index].map(blob),
    json("index.json", { schemaVersion: 2, manifests: [top] }),
  ].map((item) => (broken && item.data === layer ? { ...item, data: Buffer.from("not the layer") } : item));
}

describe("readImages", () => {
  it("reads what docker save writes, links followed, compressed or not", async () => {
    for (const bytes of [makeTar(saved()), gzipSync(makeTar(saved()))]) {
      const archive = await new TarArchives({ tempDir }).readImages(stream(bytes));
      const [first, second] = archive.images;
      expect(first?.tags).toEqual(["busybox:latest", "b:1"]);
      expect(second?.tags).toEqual([]);
      expect(Buffer.from(first?.configBytes ?? []).toString()).toBe(JSON.stringify(imageConfig(2)));
      const texts = await Promise.all((first?.layers ?? []).map((open) => textOf(open())));
      expect(texts).toEqual(["layer one", "layer one"]);
      await archive.dispose();
      expect(await readdir(tempDir)).toEqual([]);
    }
  });

  it("reads an OCI layout and chooses this host's platform", async () => {
    const archive = await new TarArchives({ tempDir }).readImages(stream(makeTar(layout())));
    expect(archive.images).toHaveLength(1);
    expect(archive.images[0]?.tags).toEqual(["example.com/a:1"]);
    const [open] = archive.images[0]?.layers ?? [];
    expect(open === undefined ? "" : await textOf(open())).toBe("the layer");
    await archive.dispose();
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["neither format", makeTar([{ path: "a" }]), /neither manifest.json nor index.json$/],
    ["a blob with another digest", makeTar(layout(true)), /has the digest sha256:/],
    [
      "a manifest that is no JSON",
      makeTar([{ path: "manifest.json", data: Buffer.from("{") }]),
      /manifest.json: /,
    ],
    ["a manifest that is no list", makeTar([json("manifest.json", {})]), /manifest.json: /],
    ["a missing layer", makeTar(saved().slice(1)), /it has no one\/layer.tar|it has no two/],
    [
      "a path that leaves",
      makeTar([json("manifest.json", [{ Config: "../../../etc/passwd" }])]),
      /it has no/,
    ],
    [
      "links in a circle",
      makeTar([{ path: "manifest.json", type: "2", linkPath: "manifest.json" }]),
      /neither/,
    ],
    [
      "too few layers",
      makeTar([json("c", imageConfig(1)), json("manifest.json", [{ Config: "c" }])]),
      /layers length mismatch: expected 1, got 0/,
    ],
    ["a cut", makeTar(saved()).subarray(0, 700), /unexpected EOF/],
  ])("refuses %s and leaves nothing", async (_, bytes, message) => {
    const reading = new TarArchives({ tempDir }).readImages(stream(bytes));
    await expect(reading).rejects.toMatchObject({ kind: "invalid", message });
    expect(await readdir(tempDir)).toEqual([]);
  });

  it("refuses more than the limit", async () => {
    const archives = new TarArchives({ tempDir, maxBytes: 1000 });
    const bytes = gzipSync(makeTar([{ path: "zeros", data: new Uint8Array(5000) }]));
    await expect(archives.readImages(stream(bytes))).rejects.toMatchObject({
      message: "reading archive: larger than 1000 bytes",
    });
    expect(await readdir(tempDir)).toEqual([]);
  });

  it("leaves nothing when it is canceled", async () => {
    const abort = new AbortController();
    const stuck = async function* (): ByteStream {
      yield makeTar(saved()).subarray(0, 700);
      abort.abort();
      await new Promise(() => {});
    };
    const reading = new TarArchives({ tempDir }).readImages(stuck(), abort.signal);
    await expect(reading).rejects.toMatchObject({ kind: "canceled" });
    expect(await readdir(tempDir)).toEqual([]);
  });
});
