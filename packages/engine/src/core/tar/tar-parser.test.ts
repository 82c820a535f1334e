import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeEntry, endOfArchive } from "./encode-entry.ts";
import { makeEntry } from "./make-entry.ts";
import { makeTar } from "./make-tar.ts";
import { cleanPath, concatBytes, fromByteText, type TarEntry, TarFormatError } from "./tar-entry.ts";
import { TarParser } from "./tar-parser.ts";

interface Parsed {
  readonly entries: readonly TarEntry[];
  readonly data: readonly Uint8Array[];
}

function parse(archive: Uint8Array, chunkBytes = 4096): Parsed {
  const parser = new TarParser();
  const entries: TarEntry[] = [];
  const data: Uint8Array[][] = [];
  for (let at = 0; at < archive.length; at += chunkBytes) {
    for (const part of parser.push(archive.subarray(at, at + chunkBytes))) {
      if (part.kind === "entry") {
        entries.push(part.entry);
        data.push([]);
      } else if (part.kind === "data") {
        data.at(-1)?.push(part.bytes);
      }
    }
  }
  parser.end();
  return { entries, data: data.map(concatBytes) };
}

function failureOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

const gnuLong = (type: "L" | "K", name: string): Uint8Array =>
  makeTar([{ path: "././@LongLink", type, data: fromByteText(`${name}\0`) }]).subarray(0, 1024);

describe("TarParser", () => {
  it("gives names, types, sizes and data, however the bytes are cut", () => {
    const bytes = fc.uint8Array({ maxLength: 1500 });
    const name = fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 300 }).map((text) => `n${text}`);
    const item = fc.record({ path: name.filter((text) => !/\0|\/$/.test(text)), data: bytes });
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 5 }),
        fc.integer({ min: 1, max: 3000 }),
        (items, chunkBytes) => {
          const { entries, data } = parse(makeTar(items), chunkBytes);
          expect(entries.map(({ path, type }) => [path, type])).toEqual(items.map(({ path }) => [path, "0"]));
          expect(data).toEqual(items.map((item) => item.data));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("reads GNU long names", () => {
    const long = "d/".repeat(100);
    const link = makeTar([{ path: "short", type: "2", linkPath: "x" }]);
    const archive = concatBytes([gnuLong("L", `${long}n`), gnuLong("K", `${long}t`), link]);
    expect(parse(archive).entries[0]).toMatchObject({ path: `${long}n`, linkPath: `${long}t`, type: "2" });
  });

  it("gives the headers as they stood in the archive", () => {
    const archive = makeTar([{ path: "p".repeat(200), data: Uint8Array.of(1) }]);
    expect(parse(archive).entries[0]?.raw).toEqual(archive.subarray(0, 512 * 3));
  });

  it("tells a directory from a file by the slash at the end of the whole name only", () => {
    const path = "long/".repeat(30);
    const { entries } = parse(makeTar([{ path: `${path}file` }, { path }]));
    expect(entries.map(({ type }) => type)).toEqual(["0", "5"]);
  });

  it("does not write into the bytes that it was given", () => {
    const archive = Buffer.from(makeTar([{ path: "a", data: Uint8Array.of(1) }]));
    const before = Buffer.from(archive);
    const [entry] = parse(archive).entries;
    if (entry === undefined) throw new Error("no entry");
    encodeEntry(entry, { path: "b", linkPath: "" });
    expect(archive.equals(before)).toBe(true);
  });

  it("keeps binary pax records", () => {
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const pax = [{ key: "SCHILY.xattr.security.capability", value }];
    expect(parse(makeTar([{ path: "a", pax }])).entries[0]?.pax).toEqual(pax);
  });

  it("passes over global headers and ignores what follows the end", () => {
    const global = makeTar([{ path: "g", type: "g", data: fromByteText("19 comment=ignored\n") }]).subarray(
      0,
      1024,
    );
    const archive = concatBytes([global, makeTar([{ path: "a" }]), new Uint8Array(512).fill(7)]);
    expect(parse(archive).entries.map(({ path }) => path)).toEqual(["a"]);
  });

  it("takes links and devices as empty, whatever size they claim", () => {
    const claim = encodeEntry(makeEntry({ path: "l", type: "0", sizeBytes: 5, linkPath: "t" }));
    const link = encodeEntry({ ...makeEntry({ path: "l" }), header: claim, type: "1", sizeBytes: 5 });
    const { entries } = parse(concatBytes([link, makeTar([{ path: "after" }])]));
    expect(entries.map(({ sizeBytes }) => sizeBytes)).toEqual([0, 0]);
  });

  it("accepts an empty stream and one without an end", () => {
    expect(parse(new Uint8Array(0)).entries).toEqual([]);
    expect(parse(makeTar([{ path: "a" }]).subarray(0, 512)).entries).toHaveLength(1);
  });

  it.each<[string, Uint8Array, string]>([
    ["cut in a header", makeTar([{ path: "a" }]).subarray(0, 300), "unexpected EOF"],
    [
      "cut in the data",
      makeTar([{ path: "a", data: new Uint8Array(900) }]).subarray(0, 1000),
      "unexpected EOF",
    ],
    [
      "cut after an extended header",
      makeTar([{ path: "a".repeat(200) }]).subarray(0, 1024),
      "unexpected EOF",
    ],
    ["text", fromByteText("hello".repeat(200)), "invalid tar header"],
    [
      "an extended header that is none",
      makeTar([{ path: "x", type: "x", data: fromByteText("99 a=b\n") }]),
      "invalid tar header",
    ],
    [
      "a long name of 2 MiB",
      makeTar([{ path: "x", type: "L", data: new Uint8Array(2 ** 21) }]),
      "header field too long",
    ],
    ["a path of 5000 bytes", makeTar([{ path: "x".repeat(5000) }]), "invalid tar header"],
    ["a path with a zero byte", makeTar([{ path: `a\0b${"x".repeat(100)}` }]), "invalid tar header"],
  ])("refuses %s", (_, archive, message) => {
    expect(() => parse(archive)).toThrow(new TarFormatError(message));
  });

  it("throws nothing but a format error, whatever the bytes", () => {
    const header = fc.uint8Array({ minLength: 512, maxLength: 2048 });
    const flipped = fc
      .tuple(fc.nat(1535), fc.nat(255))
      .map(([at, byte]) => makeTar([{ path: "p".repeat(150), data: Uint8Array.of(1) }]).with(at, byte));
    fc.assert(
      fc.property(fc.oneof(header, flipped), (bytes) => {
        expect(failureOf(() => parse(bytes, 700))).toSatisfy(
          (error) => error === undefined || error instanceof TarFormatError,
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("encodeEntry", () => {
  it("renames an entry and keeps all else", () => {
    const pax = [{ key: "SCHILY.xattr.user.a", value: Uint8Array.of(0, 255) }];
    const archive = makeTar([
      {
        path: "a".repeat(150),
        linkPath: "",
        mode: 0o4755,
        uid: 3_000_000,
        mtime: "1.5",
        pax,
        data: Uint8Array.of(1),
      },
    ]);
    const [entry] = parse(archive).entries;
    if (entry === undefined) throw new Error("no entry");
    const again = concatBytes([
      encodeEntry(entry, { path: "b", linkPath: "" }),
      archive.subarray(entry.raw.length, entry.raw.length + 512),
      endOfArchive(),
    ]);
    const [renamed] = parse(again).entries;
    expect(renamed).toMatchObject({ path: "b", sizeBytes: 1, type: "0" });
    expect(renamed?.pax).toEqual(entry.pax.filter(({ key }) => key !== "path"));
    expect(renamed?.header.subarray(100, 124)).toEqual(entry.header.subarray(100, 124));
  });
});

describe("cleanPath", () => {
  it.each([
    ["./a//b/", "a/b"],
    ["/a", "a"],
    ["a/../../b", "b"],
    [".", ""],
    ["../../..", ""],
  ])("makes %j %j", (path, clean) => expect(cleanPath(path)).toBe(clean));
});
