import { createWriteStream } from "node:fs";
import { chmod, lchown, link, lstat, mkdir, readlink, rm, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { errnoOf, Failure } from "../failure.ts";

export interface UnpackOptions {
  /** Where the archive's entries go; it must be there. */
  readonly directory: string;
  /** The name of an entry in the directory, from its name in the archive; undefined leaves it out. */
  rename(name: string): string | undefined;
  /** Whether owners are kept. */
  readonly owners: boolean;
}

/**
 * Unpacks an archive that may mean harm: nothing is written outside of the directory, neither by `..` nor through a
 * symbolic link.
 */
export async function unpack(archive: Readable, options: UnpackOptions): Promise<void> {
  const reader = extract();
  const reading = (async () => {
    for await (const entry of reader) {
      const name = cleanName(options.rename(entry.header.name));
      if (name !== undefined) await unpackEntry(entry, name, options);
      entry.resume();
    }
  })();
  await Promise.all([pipeline(archive, reader), reading]);
}

/** Without leading and trailing slashes and single dots; undefined for the directory itself. */
function cleanName(name: string | undefined): string | undefined {
  const parts = (name ?? "").split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new Failure(`unpack ${name ?? ""}: leaves its directory`);
  return parts.length === 0 ? undefined : parts.join("/");
}

async function unpackEntry(
  entry: AsyncIterable<unknown> & { readonly header: Header },
  name: string,
  options: UnpackOptions,
): Promise<void> {
  const { header } = entry;
  const path = join(options.directory, name);
  await checkParents(options.directory, name);
  const present = await lstat(path).catch(() => undefined);
  const isDirectory = header.type === "directory";
  if (present !== undefined && present.isDirectory() !== isDirectory) {
    throw new Failure(
      isDirectory
        ? `cannot overwrite non-directory "${path}" with directory`
        : `cannot overwrite directory "${path}" with non-directory`,
    );
  }
  if (present !== undefined && !isDirectory) await rm(path);
  switch (header.type) {
    case "directory":
      if (present === undefined) await mkdir(path, { mode: 0o700 });
      break;
    case "file":
    case "contiguous-file":
      await pipeline(entry, createWriteStream(path, { flags: "wx", mode: 0o600 }));
      break;
    case "symlink":
      await symlink(header.linkname, path);
      break;
    case "link": {
      const target = cleanName(options.rename(header.linkname));
      if (target === undefined) throw new Failure(`unpack ${name}: links to nothing`);
      await checkParents(options.directory, target);
      await link(join(options.directory, target), path);
      return;
    }
    case "block-device":
    case "character-device":
    case "fifo":
      // Devices and FIFOs of a container mean nothing on this host.
      return;
  }
  if (options.owners) await lchown(path, header.uid, header.gid);
  if (header.type === "symlink") return;
  await chmod(path, header.mode & 0o7777);
  if (!isDirectory) await utimes(path, header.mtime, header.mtime);
}

/** Makes missing parents, and refuses those that are symbolic links. */
async function checkParents(directory: string, name: string): Promise<void> {
  const parent = dirname(name);
  if (parent === ".") return;
  let path = directory;
  for (const part of parent.split("/")) {
    path = join(path, part);
    try {
      const stats = await lstat(path);
      if (stats.isSymbolicLink()) {
        throw new Failure(`unpack ${name}: ${path} is a symbolic link to ${await readlink(path)}`);
      }
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      await mkdir(path);
    }
  }
}
