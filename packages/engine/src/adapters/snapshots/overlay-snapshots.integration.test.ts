import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Digest } from "@davit/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineError } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { makeTar } from "../../core/tar/make-tar.ts";
import { fromByteText } from "../../core/tar/tar-entry.ts";
import { readMountTable } from "../../linux/mount-table.ts";
import { OverlaySnapshots } from "./overlay-snapshots.ts";

/** Names and data hold one byte per character. */
interface Item {
  readonly path: string;
  readonly data?: string;
  readonly type?: string;
  readonly linkPath?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [number, number];
  readonly pax?: Readonly<Record<string, string>>;
}

const tar = (items: readonly Item[]): Uint8Array =>
  makeTar(
    items.map(({ data = "", mtime = 0, pax = {}, ...item }) => ({
      ...item,
      data: fromByteText(data),
      mtime: String(mtime),
      pax: Object.entries(pax).map(([key, value]) => ({ key, value: fromByteText(value) })),
    })),
  );

let dir: string;
let snapshots: OverlaySnapshots;
let mounted: string[];

beforeEach(async () => {
  dir = await mkdtemp("/tmp/snap-");
  snapshots = await OverlaySnapshots.open(`${dir}/s`);
  mounted = [];
});

afterEach(async () => {
  for (const target of mounted) await snapshots.unmount(target);
  const left = (await readMountTable()).filter(({ target }) => target.startsWith(dir));
  if (left.length > 0) throw new Error(`still mounted: ${left.map(({ target }) => target).join(", ")}`);
  await rm(dir, { recursive: true, force: true });
});

async function* stream(bytes: Uint8Array, chunkBytes = 65_536): ByteStream {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

const unpack = (...items: Item[]) => snapshots.unpack(stream(tar(items)));
const file = (path: string, data = "x", more: Partial<Item> = {}): Item => ({ path, data, ...more });
const folder = (path: string, more: Partial<Item> = {}): Item => ({ path, type: "5", mode: 0o755, ...more });

async function mountOf(key: string, ...layers: Item[][]): Promise<string> {
  const diffIds: Digest[] = [];
  for (const items of layers) diffIds.push((await unpack(...items)).diffId);
  return mountLayers(key, diffIds);
}

async function mountLayers(key: string, layers: readonly Digest[]): Promise<string> {
  const target = `${dir}/t/${key}`;
  mounted.push(target);
  await snapshots.mount({ key, layers, target });
  return target;
}

const stagingIsEmpty = async () => expect(await readdir(`${dir}/s/staging`)).toEqual([]);
const attributesOf = (path: string): Record<string, string> => {
  const script =
    "import os,sys,json;p=sys.argv[1];print(json.dumps({n:os.getxattr(p,n,follow_symlinks=False).hex() for n in os.listxattr(p,follow_symlinks=False)}))";
  return JSON.parse(execFileSync("python3", ["-c", script, path], { encoding: "utf8" }));
};

describe("what a layer removes", () => {
  it("hides files and directories of lower layers", async () => {
    const root = await mountOf(
      "k",
      [folder("a"), file("a/gone"), file("a/stays"), folder("b"), file("b/in"), file("top")],
      [folder("a"), file("a/.wh.gone", ""), file(".wh.b", ""), file(".wh.top", "")],
    );
    expect(await readdir(root)).toEqual(["a"]);
    expect(await readdir(`${root}/a`)).toEqual(["stays"]);
  });

  it("hides all that lower layers have in an opaque directory, and keeps the directory's mode and time", async () => {
    const state = { mode: 0o1777, uid: 7, gid: 8, mtime: 1_000_000_000 };
    const root = await mountOf(
      "k",
      [folder("a"), file("a/old"), folder("a/sub"), file("a/sub/old")],
      [folder("a", state), file("a/new"), file("a/.wh..wh..opq", "")],
    );
    expect(await readdir(`${root}/a`)).toEqual(["new"]);
    const { mode, uid, gid, mtimeMs } = await stat(`${root}/a`);
    expect([mode & 0o7777, uid, gid, mtimeMs]).toEqual([0o1777, 7, 8, 1e12]);
  });

  it("takes an opaque root as the end of what lies below", async () => {
    const root = await mountOf("k", [file("old")], [file(".wh..wh..opq", ""), file("new")], [file("top")]);
    expect((await readdir(root)).sort()).toEqual(["new", "top"]);
  });

  it("lets nothing show through a directory that was removed and made anew", async () => {
    const root = await mountOf(
      "k",
      [folder("a"), file("a/old")],
      [file(".wh.a", ""), folder("a"), file("a/new")],
    );
    expect(await readdir(`${root}/a`)).toEqual(["new"]);
  });

  it("keeps the time of a directory that only lost something", async () => {
    const root = await mountOf(
      "k",
      [folder("a"), file("a/f")],
      [folder("a", { mtime: 5 }), file("a/.wh.f", "")],
    );
    expect((await stat(`${root}/a`)).mtimeMs).toBe(5000);
  });

  it("takes names that only resemble whiteouts for what they are", async () => {
    const names = ["x.wh.y", ".whx", "wh.x"];
    const root = await mountOf("k", [folder("d"), ...names.map((name) => file(`d/${name}`))]);
    expect((await readdir(`${root}/d`)).sort()).toEqual([...names].sort());
  });

  it("mounts a layer that comes twice", async () => {
    const base = await unpack(file("a", "base"), file("keep"));
    const empty = await unpack(folder("./"));
    const change = await unpack(file("a", "change"));
    const layers = [empty, base, empty, change, base, empty].map(({ diffId }) => diffId);
    const root = await mountLayers("k", layers);
    expect(await readFile(`${root}/a`, "utf8")).toBe("base");
  });

  it.each([".wh..", ".wh...", "a/.wh.", "a/../.wh.x"])("refuses the whiteout %s", async (path) => {
    await expect(unpack(file(path, ""))).rejects.toMatchObject({ kind: "invalid" });
    await stagingIsEmpty();
  });

  it("does not write a whiteout through a symbolic link", async () => {
    await mkdir(`${dir}/out`);
    const link: Item = { path: "l", type: "2", linkPath: `${dir}/out` };
    await expect(unpack(link, file("l/.wh.x", ""))).rejects.toMatchObject({ kind: "invalid" });
    expect(await readdir(`${dir}/out`)).toEqual([]);
  });
});

describe("a hostile layer", () => {
  it.each<[string, Item[]]>([
    ["leaves by ..", [file("a/../../../evil")]],
    ["writes through a symbolic link", [{ path: "l", type: "2", linkPath: "/tmp" }, file("l/evil")]],
    ["links to a file outside", [{ path: "l", type: "1", linkPath: "/etc/hostname" }]],
    ["links to a file outside by ..", [{ path: "l", type: "1", linkPath: "../../../../etc/hostname" }]],
  ])("that %s is refused and leaves nothing", async (_, items) => {
    const failure = unpack(...items);
    await expect(failure).rejects.toBeInstanceOf(EngineError);
    await expect(failure).rejects.toMatchObject({
      kind: "invalid",
      message: expect.stringMatching(/^unpacking layer: .+/),
    });
    await stagingIsEmpty();
    expect(existsSync("/tmp/evil")).toBe(false);
    expect(await snapshots.layers()).toEqual([]);
  });

  it("that has absolute names stays inside", async () => {
    const root = await mountOf("k", [folder(`${dir}/abs`), file(`${dir}/abs/f`)]);
    expect(existsSync(`${dir}/abs`)).toBe(false);
    expect(await readFile(`${root}${dir}/abs/f`, "utf8")).toBe("x");
  });

  it("cannot bring overlayfs its own attributes", async () => {
    const { diffId } = await unpack(
      folder("a", {
        pax: { "SCHILY.xattr.trusted.overlay.redirect": "/secret", "SCHILY.xattr.user.x": "1" },
      }),
    );
    expect(await snapshots.layers()).toEqual([diffId]);
    expect(attributesOf(`${dir}/s/layers/1/fs/a`)).toEqual({ "user.x": "31" });
  });

  it("cannot make files that cannot be removed again", async () => {
    const { diffId } = await unpack(file("a", "x", { pax: { "SCHILY.fflags": "immutable" } }));
    await snapshots.removeLayer(diffId);
    expect(await readdir(`${dir}/s/layers`)).toEqual([]);
  });

  it("larger than the limit is refused", async () => {
    const small = await OverlaySnapshots.open(`${dir}/small`, { maxBytes: 100_000 });
    const bomb = gzipSync(tar([file("zeros", "\0".repeat(1_000_000))]));
    await expect(small.unpack(stream(bomb))).rejects.toMatchObject({
      kind: "invalid",
      message: "unpacking layer: larger than 100000 bytes",
    });
    expect(await readdir(`${dir}/small/staging`)).toEqual([]);
  });

  it("that is another kind of archive is refused", async () => {
    const zip = Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(2000, 1)]);
    await expect(snapshots.unpack(stream(zip))).rejects.toMatchObject({
      message: "unpacking layer: invalid tar header",
    });
    const twice = gzipSync(gzipSync(tar([file("a")])));
    await expect(snapshots.unpack(stream(twice))).rejects.toMatchObject({ kind: "invalid" });
  });
});

describe("an unpacked layer", () => {
  it("keeps owners, modes, attributes, capabilities, devices and links", async () => {
    const capability = "\u0001\0\0\u0002\0\u0020\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const root = await mountOf("k", [
      file("su", "x", { mode: 0o4755, uid: 3_000_000, gid: 5 }),
      { path: "hard", type: "1", linkPath: "su" },
      file("cap", "x", { mode: 0o755, pax: { "SCHILY.xattr.security.capability": capability } }),
      { path: "null", type: "3", device: [1, 3], mode: 0o666 },
      { path: "pipe", type: "6" },
      { path: "abs", type: "2", linkPath: "/etc/passwd" },
    ]);
    const su = await stat(`${root}/su`);
    expect([su.mode & 0o7777, su.uid, su.gid, su.nlink]).toEqual([0o4755, 3_000_000, 5, 2]);
    expect(attributesOf(`${root}/cap`)).toEqual({
      "security.capability": Buffer.from(capability, "latin1").toString("hex"),
    });
    const device = await lstat(`${root}/null`);
    expect([device.isCharacterDevice(), device.rdev]).toEqual([true, 0x103]);
    expect((await lstat(`${root}/pipe`)).isFIFO()).toBe(true);
    expect((await lstat(`${root}/abs`)).isSymbolicLink()).toBe(true);
    // Nobody but root gets near the nodes.
    expect((await stat(`${dir}/s`)).mode & 0o777).toBe(0o700);
  });

  it.each([
    ["decomposed", "e\u0301"],
    ["composed", "\u00e9"],
    ["long and decomposed", `e\u0301${"n".repeat(150)}`],
  ])("keeps the bytes of a %s name", async (_, name) => {
    const path = Buffer.from(name).toString("latin1");
    const root = await mountOf("k", [file(path), { path: "l", type: "2", linkPath: path }]);
    expect((await readdir(root)).sort()).toEqual([name, "l"].sort());
  });

  it("keeps the bytes of a name that is not UTF-8", async () => {
    const root = await mountOf("k", [file("caf\u00e9")]);
    expect(await readdir(root, { encoding: "buffer" })).toEqual([Buffer.from("caf\u00e9", "latin1")]);
  });

  it("has the same diff ID however it was compressed", async () => {
    const plain = tar([file("a", "a".repeat(100_000)), folder("b")]);
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    const zstd = zstdCompressSync(plain);
    const forms = [
      plain,
      gzipSync(plain),
      zstd,
      Buffer.concat([skippable, zstd, skippable]),
      execFileSync("xz", ["-c"], { input: plain }),
    ];
    const ids = [];
    for (const form of forms) {
      const layer = await snapshots.unpack(stream(form, 1000));
      expect(layer.sizeBytes).toBe(100_000);
      ids.push(layer.diffId);
    }
    expect(new Set(ids).size).toBe(1);
    expect(await readdir(`${dir}/s/layers`)).toEqual(["1"]);
    await stagingIsEmpty();
  });

  it("is there after a restart, and what was half done is not", async () => {
    const layer = await unpack(file("a"));
    await mkdir(`${dir}/s/staging/left/fs`, { recursive: true });
    await mkdir(`${dir}/s/layers/9`);
    const again = await OverlaySnapshots.open(`${dir}/s`);
    expect(await again.layer(layer.diffId)).toEqual(layer);
    expect(await readdir(`${dir}/s/layers`)).toEqual(["1"]);
    await stagingIsEmpty();
  });

  it("is unpacked once for several callers, whose streams are released", async () => {
    const bytes = tar([file("a", "a".repeat(300_000))]);
    const { diffId: expected } = await snapshots.unpack(stream(bytes));
    await snapshots.removeLayer(expected);
    let read = 0;
    const counting = async function* (): ByteStream {
      read += 1;
      yield* stream(bytes);
    };
    const all = await Promise.all([1, 2, 3].map(() => snapshots.unpack(counting(), { expected })));
    expect(new Set(all.map(({ diffId }) => diffId))).toEqual(new Set([expected]));
    expect(read).toBe(1);
  });

  it("is unpacked from the next stream when the first is canceled", async () => {
    const bytes = tar([file("a", "a".repeat(300_000))]);
    const { diffId: expected } = await snapshots.unpack(stream(bytes));
    await snapshots.removeLayer(expected);
    const abort = new AbortController();
    const stuck = async function* (): ByteStream {
      yield bytes.subarray(0, 1000);
      await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
      yield bytes.subarray(1000);
    };
    const first = snapshots.unpack(stuck(), { expected, signal: abort.signal });
    const second = snapshots.unpack(stream(bytes), { expected });
    abort.abort();
    await expect(first).rejects.toMatchObject({ kind: "canceled" });
    expect((await second).diffId).toBe(expected);
    await stagingIsEmpty();
  });

  it("is committed once when different streams turn out to be the same", async () => {
    const bytes = tar([file("a")]);
    const all = await Promise.all(
      [bytes, gzipSync(bytes), bytes].map((form) => snapshots.unpack(stream(form))),
    );
    expect(new Set(all.map(({ diffId }) => diffId)).size).toBe(1);
    expect(await readdir(`${dir}/s/layers`)).toHaveLength(1);
    await stagingIsEmpty();
  });
});

describe("a layer that fails", () => {
  const bytes = tar([file("a", "abc".repeat(100_000))]);

  it.each<[string, () => Uint8Array]>([
    ["gzip", () => gzipSync(Buffer.from(bytes.map((byte, at) => byte ^ (at % 251)))).subarray(0, -3000)],
    ["a truncated gzip", () => gzipSync(bytes).subarray(0, -10)],
    ["a truncated zstd", () => zstdCompressSync(bytes).subarray(0, -10)],
    ["a truncated tar", () => bytes.subarray(0, 200_000)],
  ])("by %s leaves nothing", async (_, form) => {
    await expect(snapshots.unpack(stream(form()))).rejects.toMatchObject({ kind: "invalid" });
    await stagingIsEmpty();
    expect(await snapshots.layers()).toEqual([]);
  });

  it("by another diff ID leaves nothing", async () => {
    const expected = `sha256:${"0".repeat(64)}` as const;
    await expect(snapshots.unpack(stream(bytes), { expected })).rejects.toMatchObject({ kind: "invalid" });
    await stagingIsEmpty();
    expect(await snapshots.layer(expected)).toBeUndefined();
  });

  it.each([
    ["none", bytes],
    ["gzip", gzipSync(bytes)],
    ["zstd", zstdCompressSync(bytes)],
  ])("by its source tells the source's reason (%s)", async (_, form) => {
    const failing = async function* (error: Error): ByteStream {
      yield form.subarray(0, form.length - 20);
      throw error;
    };
    await expect(
      snapshots.unpack(failing(new EngineError("unauthorized", "access denied"))),
    ).rejects.toMatchObject({ kind: "unauthorized", message: "unpacking layer: access denied" });
    const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    await expect(snapshots.unpack(failing(reset))).rejects.toMatchObject({ message: /read ECONNRESET$/ });
    expect(await snapshots.layers()).toEqual([]);
    await stagingIsEmpty();
  });

  it.each(["none", "gzip", "zstd"])("by cancellation ends its processes (%s)", async (compression) => {
    const form = { none: bytes, gzip: gzipSync(bytes), zstd: zstdCompressSync(bytes) }[compression] ?? bytes;
    const abort = new AbortController();
    const endless = async function* (): ByteStream {
      yield form.subarray(0, form.length - 60);
      abort.abort();
      await new Promise(() => {});
    };
    await expect(snapshots.unpack(endless(), { signal: abort.signal })).rejects.toMatchObject({
      kind: "canceled",
    });
    await stagingIsEmpty();
  });

  it("by a full disk says so", async () => {
    await mkdir(`${dir}/tiny`);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", `${dir}/tiny`]);
    mounted.push(`${dir}/tiny`);
    const tiny = await OverlaySnapshots.open(`${dir}/tiny`);
    await expect(tiny.unpack(stream(tar([file("a", "a".repeat(3_000_000))])))).rejects.toMatchObject({
      kind: "unavailable",
      message: "unpacking layer: no space left on device",
    });
    expect(await readdir(`${dir}/tiny/staging`)).toEqual([]);
    expect((await tiny.unpack(stream(tar([file("b")])))).sizeBytes).toBe(1);
  });
});

describe("a root file system", () => {
  it("shares layers with another but not what is written", async () => {
    const { diffId } = await unpack(file("a", "layer"));
    const one = await mountLayers("one", [diffId]);
    const two = await mountLayers("two", [diffId]);
    await writeFile(`${one}/a`, "mine");
    expect(await readFile(`${two}/a`, "utf8")).toBe("layer");
    expect((await snapshots.keys()).toSorted()).toEqual(["one", "two"]);
  });

  it("finds what was written when it is mounted again", async () => {
    const { diffId } = await unpack(file("a", "layer"));
    const root = await mountLayers("k", [diffId]);
    await writeFile(`${root}/b`, "12345");
    await rm(`${root}/a`);
    await snapshots.unmount(root);
    await snapshots.unmount(root);
    expect(await snapshots.usage("k")).toBe(5);
    await mountLayers("k", [diffId]);
    expect(await readdir(root)).toEqual(["b"]);
    await expect(snapshots.discard("k")).rejects.toMatchObject({ kind: "conflict" });
    await expect(snapshots.removeLayer(diffId)).rejects.toMatchObject({ kind: "conflict" });
    await snapshots.unmount(root);
    await snapshots.discard("k");
    expect(await snapshots.keys()).toEqual([]);
    expect(await snapshots.usage("k")).toBe(0);
    await snapshots.removeLayer(diffId);
    expect(await snapshots.layers()).toEqual([]);
  });

  it("stays as it is when it is mounted already", async () => {
    const root = await mountOf("k", [file("a")]);
    await mountLayers("k", []);
    expect(await readdir(root)).toEqual(["a"]);
    expect((await readMountTable()).filter(({ target }) => target === root)).toHaveLength(1);
  });

  it("may have no layers", async () => {
    const root = await mountLayers("k", []);
    await writeFile(`${root}/a`, "x");
    expect((await stat(root)).mode & 0o777).toBe(0o755);
    expect(await readdir(root)).toEqual(["a"]);
  });

  it("may have 125 layers", async () => {
    const layers: Digest[] = [];
    for (let at = 0; at < 125; at++) {
      const { diffId } = await unpack(file(`f${at}`), file("last", String(at)));
      layers.push(diffId);
    }
    const root = await mountLayers("k".repeat(64), layers);
    expect(await readdir(root)).toHaveLength(126);
    expect(await readFile(`${root}/last`, "utf8")).toBe("124");
  });

  it("is not mounted over layers that are not there", async () => {
    const layers = [`sha256:${"1".repeat(64)}`] as const;
    await expect(snapshots.mount({ key: "k", layers, target: `${dir}/t/k` })).rejects.toMatchObject({
      kind: "not-found",
    });
  });

  it("refuses a key that is a path", async () => {
    await expect(snapshots.mount({ key: "../x", layers: [], target: `${dir}/t/k` })).rejects.toMatchObject({
      kind: "invalid",
    });
  });

  it("says that an overlay cannot hold overlays", async () => {
    const root = await mountLayers("k", []);
    const inner = await OverlaySnapshots.open(`${root}/inner`);
    await expect(inner.mount({ key: "k", layers: [], target: `${dir}/t/inner` })).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("cannot hold an overlay; choose another with --data-root"),
    });
  });

  it("works below a directory whose name mount options could not hold", async () => {
    const odd = await OverlaySnapshots.open(`${dir}/a,b:c \\d`);
    const { diffId } = await odd.unpack(stream(tar([file("a")])));
    const target = `${dir}/t/x, y:z`;
    await odd.mount({ key: "k", layers: [diffId], target });
    expect(await readdir(target)).toEqual(["a"]);
    await expect(odd.removeLayer(diffId)).rejects.toMatchObject({ kind: "conflict" });
    await odd.unmount(target);
    await odd.removeLayer(diffId);
  });

  it("is unmounted with all below it, lazily if it is busy", async () => {
    const warnings: string[] = [];
    const logger = {
      debug: () => {},
      info: () => {},
      warn: (_: object, message: string) => warnings.push(message),
      error: () => {},
      child: () => logger,
    };
    const logged = await OverlaySnapshots.open(`${dir}/logged`, { logger });
    const target = `${dir}/t/busy`;
    await logged.mount({ key: "k", layers: [], target });
    await mkdir(`${target}/sub`);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${target}/sub`]);
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${target}/sub`]);
    const child = spawn("cat", { cwd: target, stdio: ["pipe", "ignore", "ignore"] });
    await new Promise((resolve) => child.once("spawn", resolve));
    await logged.unmount(target);
    expect(warnings).toEqual(["unmounting lazily: the mount is in use"]);
    child.stdin.end();
    await new Promise((resolve) => child.once("exit", resolve));
  });
});
