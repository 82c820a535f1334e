import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { FileView } from "../../core/ports/container-files.ts";
import { streamOf } from "../../core/stream-of.ts";
import { encodeEntry } from "../../core/tar/encode-entry.ts";
import { makeEntry } from "../../core/tar/make-entry.ts";
import { makeTar } from "../../core/tar/make-tar.ts";
import { LinuxContainerFiles } from "./linux-container-files.ts";

const files = new LinuxContainerFiles();
const { signal } = new AbortController();
let dir = "";
let view: FileView = { rootfs: "", readOnly: false, mounts: [] };

beforeEach(async () => {
  dir = await mkdtemp("/tmp/dvf-");
  await Promise.all(
    ["root/etc", "root/srv", "volume", "outside"].map((name) => mkdir(`${dir}/${name}`, { recursive: true })),
  );
  await writeFile(`${dir}/outside/secret`, "secret");
  await writeFile(`${dir}/volume/file`, "in the volume");
  view = {
    rootfs: `${dir}/root`,
    readOnly: false,
    mounts: [{ destination: "/srv/data", source: `${dir}/volume`, readOnly: false }],
  };
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const unpack = (path: string, archive: ByteStream, keepKinds = false) =>
  files.unpack(view, path, archive, { keepKinds, signal });

async function names(stream: ByteStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

test("links lead where they lead inside", async () => {
  await symlink(`${dir}/outside`, `${dir}/root/absolute`);
  await symlink(`${"../".repeat(20)}${dir}/outside/secret`, `${dir}/root/relative`);
  await expect(files.stat(view, "/absolute/secret")).rejects.toMatchObject({ kind: "not-found" });
  await expect(files.stat(view, "/relative/")).rejects.toMatchObject({ kind: "not-found" });
  expect(await files.readText(view, "/relative")).toBeUndefined();
  expect(await files.stat(view, "/relative")).toMatchObject({ linkTarget: `${dir}/outside/secret` });
});

test("links that lead in circles are refused", async () => {
  await symlink("b", `${dir}/root/a`);
  await symlink("a", `${dir}/root/b`);
  await expect(files.stat(view, "/a/")).rejects.toMatchObject({ kind: "invalid" });
});

test("a link leads into what is mounted, and a destination may be behind a link", async () => {
  await symlink("/srv/data", `${dir}/root/data`);
  expect(await files.readText(view, "/data/file")).toBe("in the volume");
  await symlink("srv", `${dir}/root/alias`);
  const [mount] = view.mounts;
  const behind: FileView = {
    ...view,
    mounts: mount === undefined ? [] : [{ ...mount, destination: "/alias/x" }],
  };
  await mkdir(`${dir}/root/srv/x`);
  expect(await files.readText(behind, "/srv/x/file")).toBe("in the volume");
});

test("what a process has mounted is found however many look at once", async () => {
  const destinations = ["/etc", "/tmp", "/usr"];
  const ofProcess: FileView = {
    rootfs: "/",
    processRoot: `/proc/${process.pid}/root`,
    readOnly: true,
    mounts: destinations.map((destination) => ({ destination, source: "", readOnly: true })),
  };
  const looks = Array.from({ length: 300 }, (_, index) => destinations[index % 3] ?? "");
  const found = await Promise.all(looks.map((path) => files.stat(ofProcess, path)));
  expect(found.map(({ name }) => `/${name}`)).toEqual(looks);
});

test("an archive has what is mounted in its place", async () => {
  await mkdir(`${dir}/root/srv/data`);
  const { archive } = await files.pack(view, "/srv", signal);
  const text = await names(archive);
  expect(text).toContain("srv/data/file");
  expect(text).toContain("in the volume");
});

test.each([
  ["a path that leads out", [{ path: "../out", data: bytes("x") }], "is outside of"],
  ["a link that leads out", [{ path: "l", type: "2", linkPath: "../../etc" }], "invalid symlink"],
  [
    "a hard link that leads out",
    [{ path: "h", type: "1", linkPath: "../../etc/passwd" }],
    "invalid hardlink",
  ],
] as const)("refuses %s", async (_what, items, message) => {
  await expect(unpack("/etc", streamOf(makeTar(items)))).rejects.toThrow(message);
});

test("what is unpacked through a link of the archive stays inside", async () => {
  const items = [
    { path: "l", type: "2", linkPath: `${dir}/outside` },
    { path: "l/new", data: bytes("x") },
  ];
  await unpack("/etc", streamOf(makeTar(items)));
  await expect(readFile(`${dir}/outside/new`)).rejects.toMatchObject({ code: "ENOENT" });
  expect(await readFile(`${dir}/root${dir}/outside/new`, "utf8")).toBe("x");
});

test("kinds are kept when asked, and replaced otherwise", async () => {
  await mkdir(`${dir}/root/etc/name/deep`, { recursive: true });
  const tar = (): ByteStream => streamOf(makeTar([{ path: "name", data: bytes("x") }]));
  await expect(unpack("/etc", tar(), true)).rejects.toThrow(
    'cannot overwrite directory "/etc/name" with non-directory "/etc"',
  );
  await unpack("/etc", tar());
  expect(await readFile(`${dir}/root/etc/name`, "utf8")).toBe("x");
});

test("a directory that is swapped for a link while it is packed is not followed", async () => {
  await mkdir(`${dir}/root/etc/a`);
  await mkdir(`${dir}/root/etc/b`);
  await writeFile(`${dir}/root/etc/b/inner`, "inner");
  const { archive } = await files.pack(view, "/etc", signal);
  const iterator = archive[Symbol.asyncIterator]();
  // The header of `etc/`: what is in it has not been opened yet.
  await iterator.next();
  await rename(`${dir}/root/etc/b`, `${dir}/root/etc/gone`);
  await symlink(`${dir}/outside`, `${dir}/root/etc/b`);
  let text = "";
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    text += Buffer.from(next.value).toString("latin1");
  }
  expect(text).not.toContain("secret");
});

const attributesOf = (path: string): unknown => {
  const script =
    "import os,sys,json;p=sys.argv[1];print(json.dumps({n:os.getxattr(p,n,follow_symlinks=False).hex() for n in os.listxattr(p,follow_symlinks=False)}))";
  return JSON.parse(execFileSync("python3", ["-c", script, path], { encoding: "utf8" }));
};
const setAttribute = (path: string, name: string, hex: string): void => {
  const script =
    "import os,sys;os.setxattr(sys.argv[1],sys.argv[2],bytes.fromhex(sys.argv[3]),follow_symlinks=False)";
  execFileSync("python3", ["-c", script, path, name, hex]);
};
/** `cap_net_raw=ep`. */
const capability = "0100000200200000000000000000000000000000";

test("extended attributes go out with files of every kind and come in again", async () => {
  const from = `${dir}/root/srv/from`;
  await mkdir(`${from}/sub`, { recursive: true });
  await mkdir(`${dir}/root/srv/to`);
  await writeFile(`${from}/program`, "x", { mode: 0o755 });
  await writeFile(`${from}/odd\n name`, "x");
  await writeFile(`${from}/plain`, "x");
  await symlink("program", `${from}/link`);
  execFileSync("mkfifo", [`${from}/fifo`]);
  setAttribute(`${from}/program`, "security.capability", capability);
  setAttribute(`${from}/odd\n name`, "user.bytes", "00ff0a3d");
  setAttribute(`${from}/sub`, "user.empty", "");
  setAttribute(from, "trusted.of", "01");
  setAttribute(`${from}/link`, "trusted.link", "02");
  setAttribute(`${from}/fifo`, "trusted.fifo", "03");
  const { archive } = await files.pack(view, "/srv/from", signal);
  await files.unpack(view, "/srv/to", archive, { keepKinds: false, owner: { uid: 7, gid: 7 }, signal });
  const to = `${dir}/root/srv/to/from`;
  const found = ["", "/program", "/odd\n name", "/sub", "/link", "/fifo", "/plain"].map((name) =>
    attributesOf(to + name),
  );
  expect(found).toEqual([
    { "trusted.of": "01" },
    { "security.capability": capability },
    { "user.bytes": "00ff0a3d" },
    { "user.empty": "" },
    { "trusted.link": "02" },
    { "trusted.fifo": "03" },
    {},
  ]);
});

test("attributes that a file system writes for itself stay where they are", async () => {
  setAttribute(`${dir}/volume/file`, "trusted.overlay.opaque", "79");
  setAttribute(`${dir}/volume/file`, "user.kept", "01");
  const text = await names((await files.pack(view, "/srv/data", signal)).archive);
  expect(text).toContain("SCHILY.xattr.user.kept");
  expect(text).not.toContain("overlay");
  const pax = [{ key: "SCHILY.xattr.trusted.overlay.redirect", value: bytes("/secret") }];
  await unpack("/etc", streamOf(encodeEntry(makeEntry({ path: "f", pax }))));
  expect(attributesOf(`${dir}/root/etc/f`)).toEqual({});
});

/** Exchanges a directory with a link, again and again until it is disposed: there is always one of the two. */
async function startSwapping(path: string, target: string): Promise<AsyncDisposable> {
  const script = `
import ctypes, os, sys
path, target = sys.argv[1:]
other = path + ".other"
os.symlink(target, other)
libc = ctypes.CDLL(None, use_errno=True)
here, exchange = -100, 2
print("swaps", flush=True)
while libc.renameat2(here, path.encode(), here, other.encode(), exchange) == 0: pass
sys.exit(os.strerror(ctypes.get_errno()))
`;
  const child = spawn("python3", ["-c", script, path, target], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return {
    async [Symbol.asyncDispose]() {
      // It has not ended by itself.
      expect(child.exitCode).toBeNull();
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

test("a directory that is swapped with a link all the while never leads out", async () => {
  await mkdir(`${dir}/root/etc/b/deep`, { recursive: true });
  await writeFile(`${dir}/root/etc/b/deep/secret`, "inner");
  await mkdir(`${dir}/outside/deep`);
  await writeFile(`${dir}/outside/deep/secret`, "secret");
  const packed = async (path: string): Promise<string> =>
    names((await files.pack(view, path, signal)).archive);
  const seen = { inner: 0, nothing: 0 };
  {
    await using _swapping = await startSwapping(`${dir}/root/etc/b`, `${dir}/outside`);
    for (let round = 0; round < 100; round += 1) {
      const path = round % 2 === 0 ? "/etc" : "/etc/b/deep";
      const text = await packed(path).catch(() => "");
      expect(text.replaceAll("deep/secret", "")).not.toContain("secret");
      seen[text.includes("inner") ? "inner" : "nothing"] += 1;
      const item = { path: "new", data: bytes("x") };
      await unpack("/etc/b/deep", streamOf(makeTar([item]))).catch(() => undefined);
      await unpack("/etc", streamOf(makeTar([{ ...item, path: "b/deep/new" }]))).catch(() => undefined);
    }
  }
  expect(await readdir(`${dir}/outside/deep`)).toEqual(["secret"]);
  expect(await readdir(`${dir}/outside`)).toEqual(["deep", "secret"]);
  // Both were met, or the race was none.
  expect(Math.min(seen.inner, seen.nothing)).toBeGreaterThan(0);
});
