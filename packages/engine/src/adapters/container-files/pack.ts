import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { EngineError, errnoOf } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { encodeEntry, endOfArchive } from "../../core/tar/encode-entry.ts";
import { makeEntry, type NewEntry } from "../../core/tar/make-entry.ts";
import { type ByteText, blockBytes, fromByteText, type PaxRecord } from "../../core/tar/tar-entry.ts";
import { type AttributedFile, attributeRecords } from "./extended-attributes.ts";
import { type Locator, type Reached, textOf } from "./locator.ts";

const chunkBytes = 256 * 1024;
/** The most that the size field of a header holds. */
const maxHeaderSize = 0o77777777777;

/** Writes files of one view into a tar archive as it is read. */
export class Packer {
  readonly #locator: Locator;
  readonly #signal: AbortSignal;
  /** The first name in the archive of each file that has several, by device and inode. */
  readonly #links = new Map<string, ByteText>();

  constructor(locator: Locator, signal: AbortSignal) {
    this.#locator = locator;
    this.#signal = signal;
  }

  /** One name in a directory, with all below it, under another name. */
  async *entry(parent: Reached, name: ByteText, as: ByteText, hasAttributes = true): ByteStream {
    const stats = await this.#locator.statsIn(parent, name);
    // Gone since its directory was listed.
    if (stats === undefined) return;
    if (stats.isDirectory()) {
      const reached = await this.#enter(parent, name);
      if (reached === undefined) return;
      try {
        yield* this.tree(reached, `${as}/`);
      } finally {
        await this.#locator.release(reached);
      }
    } else if (stats.isFile()) yield* this.#file(parent, name, as, hasAttributes);
    else yield* this.#special(parent, name, as, { stats, hasAttributes });
  }

  /** A directory, and with a prefix to their names all below it. */
  async *tree(reached: Reached, prefix: ByteText): ByteStream {
    const stats = await reached.directory.stat();
    const pax = await this.#records({ fd: reached.directory.handle.fd });
    yield encodeEntry(makeEntry({ ...attributes(stats), path: prefix, type: "5", pax }));
    yield* this.contents(reached, prefix);
  }

  async *contents(reached: Reached, prefix: ByteText): ByteStream {
    const { directory, parts } = reached;
    const names = await directory.names();
    // Asked for all at once, because most have none; those that have are read of what is opened.
    const attributed = await this.#locator.attributes.which(directory.pathElsewhere, names);
    for (const name of names) {
      this.#signal.throwIfAborted();
      const hasAttributes = attributed.has(name) || this.#locator.mountAt([...parts, name]) !== undefined;
      yield* this.entry(reached, name, `${prefix}${name}`, hasAttributes);
    }
  }

  async #records(file: AttributedFile): Promise<readonly PaxRecord[]> {
    return attributeRecords(await this.#locator.attributes.read(file));
  }

  async #enter(parent: Reached, name: ByteText): Promise<Reached | undefined> {
    try {
      return await this.#locator.enter(parent, name);
    } catch (error) {
      // Replaced since it was looked at.
      if (["ENOENT", "ENOTDIR", "ELOOP"].includes(errnoOf(error) ?? "")) return undefined;
      throw error;
    }
  }

  async *#file(parent: Reached, name: ByteText, as: ByteText, hasAttributes: boolean): ByteStream {
    await using file = await this.#open(parent, name);
    if (file === undefined) return;
    // Of what was opened, which may not be what was looked at.
    const stats = await file.stat({ bigint: true });
    const first = this.#firstName(stats, as);
    if (first !== undefined) {
      yield encodeEntry(makeEntry({ ...attributes(stats), path: as, linkPath: first, type: "1" }));
      return;
    }
    const sizeBytes = Number(stats.size);
    const isLarge = sizeBytes > maxHeaderSize;
    const records = hasAttributes ? await this.#records({ fd: file.fd }) : [];
    yield encodeEntry(
      makeEntry({
        ...attributes(stats),
        path: as,
        sizeBytes: Math.min(sizeBytes, maxHeaderSize),
        pax: [...(isLarge ? [{ key: "size", value: fromByteText(String(sizeBytes)) }] : []), ...records],
      }),
    );
    yield* contentOf(file, sizeBytes, as);
  }

  async #open(parent: Reached, name: ByteText): Promise<FileHandle | undefined> {
    try {
      return await this.#locator.openFile(parent, name);
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "ELOOP"].includes(errnoOf(error) ?? "")) return undefined;
      throw error;
    }
  }

  /** Undefined if it is no link any more. */
  async #linkPath({ directory }: Reached, name: ByteText): Promise<ByteText | undefined> {
    try {
      return await directory.readlink(name);
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "EINVAL"].includes(errnoOf(error) ?? "")) return undefined;
      throw error;
    }
  }

  #firstName({ dev, ino, nlink }: BigIntStats, as: ByteText): ByteText | undefined {
    if (nlink < 2n) return undefined;
    const key = `${dev}:${ino}`;
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, as);
    return first;
  }

  async *#special(
    parent: Reached,
    name: ByteText,
    as: ByteText,
    { stats, hasAttributes }: { readonly stats: BigIntStats; readonly hasAttributes: boolean },
  ): ByteStream {
    const path = Buffer.concat([parent.directory.pathElsewhere, fromByteText(name)]);
    const pax = hasAttributes && !stats.isSocket() ? await this.#records({ path }) : [];
    const common = { ...attributes(stats), path: as, pax };
    if (stats.isSymbolicLink()) {
      const linkPath = await this.#linkPath(parent, name);
      if (linkPath === undefined) return;
      yield encodeEntry(makeEntry({ ...common, linkPath, type: "2" }));
    } else if (stats.isFIFO()) yield encodeEntry(makeEntry({ ...common, type: "6" }));
    else if (stats.isCharacterDevice() || stats.isBlockDevice()) {
      const type = stats.isCharacterDevice() ? "3" : "4";
      yield encodeEntry(makeEntry({ ...common, type, device: deviceNumbers(stats.rdev) }));
    }
    // Sockets cannot be in an archive.
  }
}

const attributes = (stats: BigIntStats): Omit<NewEntry, "path"> => ({
  mode: Number(stats.mode) & 0o7777,
  uid: Number(stats.uid),
  gid: Number(stats.gid),
  mtime: String(stats.mtimeNs >= 0n ? stats.mtimeNs / 1_000_000_000n : 0n),
});

/** https://man7.org/linux/man-pages/man3/makedev.3.html */
function deviceNumbers(rdev: bigint): readonly [number, number] {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

/** As many bytes as the header says, whatever becomes of the file. */
async function* contentOf(file: FileHandle, sizeBytes: number, as: ByteText): ByteStream {
  let at = 0;
  while (at < sizeBytes) {
    const length = Math.min(chunkBytes, sizeBytes - at);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) {
      throw new EngineError("internal", `write archive: ${textOf(as)} became shorter while it was read`);
    }
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
  const padding = (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
  if (padding > 0) yield new Uint8Array(padding);
}

/** A stream of an archive's parts, ended as an archive ends. */
export async function* ended(parts: ByteStream): ByteStream {
  yield* parts;
  yield endOfArchive();
}
