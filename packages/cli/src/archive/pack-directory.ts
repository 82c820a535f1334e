import type { BigIntStats } from "node:fs";
import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";

type Header = Parameters<Pack["entry"]>[0];

/**
 * A tar of everything in a directory, made while it is read: modes, owners, symbolic and hard links, devices and
 * FIFOs as they are. Sorted by name, so `config.json` comes before `rootfs`. Sockets are left out, as tar does.
 */
export function packDirectory(root: string): Readable {
  return packed((archive) => addTree(archive, root, ""));
}

/** The same of a file or a directory, which is called `name` in the archive. */
export function packPath(path: string, name: string): Readable {
  return packed(async (archive) => {
    const firstNames = new Map<string, string>();
    const stats = await lstat(path, { bigint: true });
    await addEntry(archive, path, name, stats, firstNames);
    if (stats.isDirectory()) await addTree(archive, path, `${name}/`);
  });
}

function packed(fill: (archive: Pack) => Promise<void>): Readable {
  const archive = pack();
  fill(archive).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  // tar-stream brings its own stream implementation; node's pipeline wants node's.
  return Readable.from(archive, { objectMode: false });
}

async function addTree(archive: Pack, root: string, prefix: string): Promise<void> {
  const firstNames = new Map<string, string>();
  const pending = await children(root, "");
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const path = join(root, name);
    const stats = await lstat(path, { bigint: true });
    if (stats.isSocket()) continue;
    await addEntry(archive, path, prefix + name, stats, firstNames);
    if (stats.isDirectory()) pending.push(...(await children(root, name)));
  }
}

/** Reversed, because they are taken from the end. */
async function children(root: string, directory: string): Promise<string[]> {
  const names = await readdir(join(root, directory));
  return names
    .sort((a, b) => (a < b ? 1 : -1))
    .map((name) => (directory === "" ? name : `${directory}/${name}`));
}

async function addEntry(
  archive: Pack,
  path: string,
  name: string,
  stats: BigIntStats,
  firstNames: Map<string, string>,
): Promise<void> {
  const header = {
    name,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtime: stats.mtime,
  };
  if (stats.isDirectory()) return addEmpty(archive, { ...header, name: `${name}/`, type: "directory" });
  const inode = `${stats.dev}:${stats.ino}`;
  const first = firstNames.get(inode);
  if (first !== undefined) return addEmpty(archive, { ...header, type: "link", linkname: first });
  if (stats.nlink > 1n) firstNames.set(inode, name);
  if (stats.isSymbolicLink()) {
    return addEmpty(archive, { ...header, type: "symlink", linkname: await readlink(path) });
  }
  if (stats.isFIFO()) return addEmpty(archive, { ...header, type: "fifo" });
  if (stats.isBlockDevice() || stats.isCharacterDevice()) {
    const type = stats.isBlockDevice() ? "block-device" : "character-device";
    return addEmpty(archive, { ...header, type, ...deviceNumbers(stats.rdev) });
  }
  await addFile(archive, path, { ...header, type: "file", size: Number(stats.size) });
}

/** Linux's encoding of a device number, see makedev(3). */
function deviceNumbers(rdev: bigint): { devmajor: number; devminor: number } {
  return {
    devmajor: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    devminor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}

function addEmpty(archive: Pack, header: Header): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  archive.entry(header, (error) => (error ? reject(error) : resolve(undefined)));
  return promise;
}

async function addFile(
  archive: Pack,
  path: string,
  header: Header & { readonly size: number },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const done = (error?: Error | null): void => (error ? reject(error) : resolve(undefined));
  if (header.size === 0) {
    archive.entry(header, "", done);
    return promise;
  }
  const entry = archive.entry(header, done);
  // A file that grows while it is read must not run into the next header.
  const content = createReadStream(path, { end: header.size - 1 });
  await Promise.all([promise, pipeline(content, entry)]);
}
