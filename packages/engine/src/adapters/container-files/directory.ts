import type { BigIntStats } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, readlink } from "node:fs/promises";
import { errnoOf } from "../../core/errors.ts";
import type { ByteText } from "../../core/tar/tar-entry.ts";

/** Opens nothing: the handle only stands for the file. https://man7.org/linux/man-pages/man2/open.2.html */
const O_PATH = 0o10000000;

const bytes = (path: ByteText): Buffer => Buffer.from(path, "latin1");

/**
 * An open directory. Names are looked up in it by its descriptor and links at them are never followed, so that it makes
 * no difference what is renamed or replaced on the way to it meanwhile.
 */
export class Directory implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** By a path of the host's that is trusted; or what a handle stands for. */
  static async openHost(path: string | FileHandle): Promise<Directory> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY;
    return new Directory(await open(typeof path === "string" ? path : `/proc/self/fd/${path.fd}`, flags));
  }

  async openDirectory(name: ByteText): Promise<Directory> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return new Directory(await open(this.path(name), flags));
  }

  /** The path of a name in it, for calls that do not follow links at their end. */
  path(name: ByteText): Buffer {
    return bytes(`/proc/self/fd/${this.#handle.fd}/${name}`);
  }

  /** The directory itself, for the system's tools, as their working directory. */
  get workingDirectory(): string {
    return `/proc/${process.pid}/fd/${this.#handle.fd}`;
  }

  /** The path of what is in it, for another process: with a slash at its end. */
  get pathElsewhere(): Buffer {
    return bytes(`${this.workingDirectory}/`);
  }

  get handle(): FileHandle {
    return this.#handle;
  }

  stat(): Promise<BigIntStats> {
    return this.#handle.stat({ bigint: true });
  }

  /** Undefined if there is nothing of that name. */
  async lstat(name: ByteText): Promise<BigIntStats | undefined> {
    try {
      return await lstat(this.path(name), { bigint: true });
    } catch (error) {
      if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
      throw error;
    }
  }

  /** Stands for what has a name in it, a link itself if it is one. */
  hold(name: ByteText): Promise<FileHandle> {
    return open(this.path(name), O_PATH | constants.O_NOFOLLOW);
  }

  async readlink(name: ByteText): Promise<ByteText> {
    return (await readlink(this.path(name), "buffer")).toString("latin1");
  }

  /** In the order of their bytes. */
  async names(): Promise<readonly ByteText[]> {
    const names = await readdir(`/proc/self/fd/${this.#handle.fd}`, "buffer");
    return names.map((name) => name.toString("latin1")).toSorted();
  }

  async openFile(name: ByteText): Promise<FileHandle | undefined> {
    return openRegular(this.path(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** Stands for whatever is at a path of the host's now, which is neither read nor disturbed. */
export const hold = (path: string): Promise<FileHandle> => open(path, O_PATH);

/** Opens what a handle stands for, if that is a regular file. */
export async function openHeld(held: FileHandle): Promise<FileHandle | undefined> {
  if (!(await held.stat()).isFile()) return undefined;
  return await open(`/proc/self/fd/${held.fd}`, constants.O_RDONLY);
}

/**
 * Opens a regular file for reading; undefined if it is anything else by now. Merely opening a device or a FIFO could do
 * something or wait, so it is looked at before it is opened, by a handle that stays the same file.
 */
async function openRegular(path: Buffer | string): Promise<FileHandle | undefined> {
  await using found = await open(path, O_PATH | constants.O_NOFOLLOW);
  return await openHeld(found);
}
