import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Digest } from "@davit/protocol";
import { EngineError, errnoOf } from "../../core/errors.ts";
import { fileError } from "./file-error.ts";

const readSizeBytes = 256 * 1024;

/** A blob in the making: bytes are appended and hashed; `commit` makes it a blob, or it is discarded or kept. */
export class StagingFile {
  readonly path: string;
  readonly #file: FileHandle;
  #hash = createHash("sha256");
  #sizeBytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Opens the file, creating it if needed; what an earlier attempt left is not yet counted (see `resume`). */
  static async open(path: string): Promise<StagingFile> {
    try {
      return new StagingFile(path, await open(path, constants.O_RDWR | constants.O_CREAT, 0o600));
    } catch (error) {
      throw fileError("open", path, error);
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Counts and hashes what is in the file; starts over if that is more than `limitBytes`. */
  async resume(limitBytes: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      const { size } = await this.#file.stat();
      if (size > limitBytes) return await this.restart();
      const buffer = Buffer.allocUnsafe(Math.min(readSizeBytes, Math.max(size, 1)));
      while (this.#sizeBytes < size) {
        if (signal?.aborted === true) throw canceled(this.path, signal);
        const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, this.#sizeBytes);
        if (bytesRead === 0) break;
        this.#hash.update(buffer.subarray(0, bytesRead));
        this.#sizeBytes += bytesRead;
      }
    } catch (error) {
      throw fileError("read", this.path, error);
    }
  }

  /** Forgets everything written so far. */
  async restart(): Promise<void> {
    try {
      await this.#file.truncate(0);
    } catch (error) {
      throw fileError("truncate", this.path, error);
    }
    this.#hash = createHash("sha256");
    this.#sizeBytes = 0;
  }

  async append(chunk: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < chunk.length) {
        const left = chunk.length - written;
        const { bytesWritten } = await this.#file.write(chunk, written, left, this.#sizeBytes + written);
        written += bytesWritten;
      }
    } catch (error) {
      throw fileError("write", this.path, error);
    }
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
  }

  /** The digest of everything so far. */
  digest(): Digest {
    return `sha256:${this.#hash.copy().digest("hex")}`;
  }

  /** Renames the file to its final name, synced before and after, so that the name never shows a part of it. */
  async commit(target: string): Promise<void> {
    try {
      await this.#file.chmod(0o444);
      await this.#file.sync();
      await rename(this.path, target);
      await syncDirectory(dirname(target));
    } catch (error) {
      throw fileError("commit", target, error);
    }
  }

  /** Closes the file and leaves it where it is. */
  async close(): Promise<void> {
    try {
      await this.#file.close();
    } catch (error) {
      throw fileError("close", this.path, error);
    }
  }

  async discard(): Promise<void> {
    try {
      await unlink(this.path);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw fileError("remove", this.path, error);
    }
  }
}

const canceled = (path: string, signal: AbortSignal): EngineError =>
  new EngineError("canceled", `read ${path}: context canceled`, { cause: signal.reason });

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
