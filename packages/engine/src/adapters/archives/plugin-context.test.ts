import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { makeTar } from "../../core/tar/make-tar.ts";
import { concatBytes, fromByteText, type TarEntry } from "../../core/tar/tar-entry.ts";
import { TarParser } from "../../core/tar/tar-parser.ts";
import { splitPluginContext } from "./plugin-context.ts";

type Item = Parameters<typeof makeTar>[0][number];

const file = (path: string, text: string, more: Partial<Item> = {}): Item => ({
  path,
  data: fromByteText(text),
  ...more,
});
const config = (text = "{}"): Item => file("config.json", text);

async function* stream(bytes: Uint8Array, chunkBytes = 999): ByteStream {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

async function readAll(source: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk.slice());
  return concatBytes(chunks);
}

async function split(bytes: Uint8Array) {
  const context = splitPluginContext(stream(bytes), undefined);
  const archive = await readAll(context.rootfs);
  const entries: TarEntry[] = [];
  const data: string[] = [];
  const parser = new TarParser();
  for (const part of parser.push(archive)) {
    if (part.kind === "entry") entries.push(part.entry);
    if (part.kind === "data") data.push(Buffer.from(part.bytes).toString("latin1"));
  }
  parser.end();
  return { archive, entries, data, config: Buffer.from(await context.config).toString() };
}

describe("splitPluginContext", () => {
  it("gives the configuration and what lies below rootfs", async () => {
    const {
      entries,
      data,
      config: text,
    } = await split(
      makeTar([
        config('{"a":1}'),
        { path: "rootfs/", type: "5", mode: 0o700 },
        file("rootfs/bin/a", "A", { mode: 0o4755, uid: 7, mtime: "12" }),
        file("README", "ignored"),
        file("rootfsx/b", "ignored"),
      ]),
    );
    expect(text).toBe('{"a":1}');
    expect(entries.map(({ path, type }) => [path, type])).toEqual([
      ["./", "5"],
      ["bin/a", "0"],
    ]);
    expect(data).toEqual(["A"]);
    expect(Buffer.from(entries[1]?.header.subarray(100, 148) ?? []).toString("latin1")).toBe(
      "0004755\x000000007\x000000000\x0000000000001\x0000000000014\0",
    );
  });

  it("cleans leading ./ and /, and takes the last configuration, even after rootfs", async () => {
    const { entries, config: text } = await split(
      makeTar([
        file("./config.json", "old"),
        file("./rootfs/a", ""),
        file("/rootfs/b", ""),
        file("/config.json", "new"),
      ]),
    );
    expect(entries.map(({ path }) => path)).toEqual(["a", "b"]);
    expect(text).toBe("new");
  });

  it("re-roots hard links, but not symbolic ones", async () => {
    const long = "t".repeat(120);
    const { entries } = await split(
      makeTar([
        config(),
        file("rootfs/a", "x"),
        { path: "rootfs/h", type: "1", linkPath: "rootfs/a" },
        { path: "rootfs/i", type: "1", linkPath: `./ROOTFS/${long}` },
        { path: "rootfs/s", type: "2", linkPath: "rootfs/a" },
      ]),
    );
    expect(entries.slice(1).map(({ linkPath }) => linkPath)).toEqual(["a", long, "rootfs/a"]);
  });

  it("keeps long names, attributes and devices", async () => {
    const path = `${"long/".repeat(60)}caf\u00e9`;
    const pax = [{ key: "SCHILY.xattr.security.capability", value: Uint8Array.of(1, 0, 0xff, 10) }];
    const { entries } = await split(
      makeTar([
        config(),
        file(`rootfs/${path}`, "x", { pax }),
        { path: "rootfs/n", type: "3", device: [1, 3] },
      ]),
    );
    expect(entries[0]?.path).toBe(path);
    expect(entries[0]?.pax).toContainEqual(pax[0]);
    expect(Buffer.from(entries[1]?.header.subarray(329, 345) ?? []).toString()).toBe("0000001\x000000003\0");
  });

  it("does not let .. leave or enter rootfs", async () => {
    const { entries } = await split(
      makeTar([config(), file("rootfs/../x", ""), file("rootfs/a/../b", ""), file("../rootfs/c", "")]),
    );
    expect(entries.map(({ path }) => path)).toEqual(["b", "c"]);
  });

  it("gives the same bytes for the same context, compressed or not", async () => {
    const bytes = makeTar([config(), file("rootfs/a", "x".repeat(5000))]);
    const plain = await split(bytes);
    expect((await split(bytes)).archive).toEqual(plain.archive);
    expect((await split(gzipSync(bytes))).archive).toEqual(plain.archive);
  });

  it.each<[string, Uint8Array, string]>([
    ["has no rootfs", makeTar([config()]), "no rootfs found: EOF"],
    ["is empty", new Uint8Array(0), "no rootfs found: EOF"],
    [
      "is cut short",
      makeTar([file("rootfs/a", "x".repeat(2000))]).subarray(0, 1500),
      "failed to read from tar: unexpected EOF",
    ],
    [
      "is no tar",
      fromByteText("no tar ".repeat(200)),
      "failed to read from tar: archive/tar: invalid tar header",
    ],
    [
      "is gzip cut short",
      gzipSync(makeTar([file("rootfs/a", "x")])).subarray(0, -9),
      "failed to read from tar: unexpected end of file",
    ],
    [
      "has a huge configuration",
      makeTar([file("config.json", " ".repeat(1_048_577))]),
      "failed to read config.json: larger than 1048576 bytes",
    ],
  ])("fails where the context %s", async (_, bytes, message) => {
    const context = splitPluginContext(stream(bytes), undefined);
    await expect(readAll(context.rootfs)).rejects.toMatchObject({ kind: "invalid", message });
    await expect(context.config).rejects.toMatchObject({ message });
  });

  it("fails after the rootfs where there is no configuration", async () => {
    const context = splitPluginContext(stream(makeTar([file("rootfs/a", "")])), undefined);
    await readAll(context.rootfs);
    await expect(context.config).rejects.toMatchObject({ kind: "invalid", message: "config not found" });
  });

  it("is canceled by its signal, though its source never answers", async () => {
    const abort = new AbortController();
    const stuck = async function* (): ByteStream {
      yield makeTar([file("rootfs/a", "x")]).subarray(0, 700);
      abort.abort();
      await new Promise(() => {});
    };
    const context = splitPluginContext(stuck(), abort.signal);
    await expect(readAll(context.rootfs)).rejects.toMatchObject({ kind: "canceled" });
    await expect(context.config).rejects.toMatchObject({ kind: "canceled" });
  });

  it("releases its source when its reader stops, and then has no configuration", async () => {
    let released = false;
    const source = async function* (): ByteStream {
      try {
        yield makeTar([file("rootfs/a", "x")]);
        yield new Uint8Array(512);
      } finally {
        released = true;
      }
    };
    const context = splitPluginContext(source(), undefined);
    for await (const chunk of context.rootfs) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(released).toBe(true);
    await expect(context.config).rejects.toMatchObject({ kind: "canceled" });
  });
});
