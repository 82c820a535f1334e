import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { FileView } from "../../core/ports/container-files.ts";
import { streamOf } from "../../core/stream-of.ts";
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
