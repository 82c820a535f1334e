import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, opendir, readFile, stat, unlink } from "node:fs/promises";
import { aborted } from "node:util";
import { type Digest, digestHex, isDigest } from "@davit/protocol";
import { EngineError, errnoOf, isCanceled } from "../../core/errors.ts";
import type { ByteStream, OnBytes } from "../../core/ports/byte-stream.ts";
import type { BlobInfo, ContentStore, TransferOptions } from "../../core/ports/content.ts";
import { fileError } from "./file-error.ts";
import { StagingFile, syncDirectory } from "./staging-file.ts";
import { drain, type OpenAt, throwIfCanceled, transfer } from "./transfer.ts";

const readSizeBytes = 256 * 1024;
const readAllLimitBytes = 8 * 1024 * 1024;

interface RunningTransfer {
  readonly result: Promise<BlobInfo>;
  readonly listeners: Set<OnBytes>;
}

/** Of files whose digest is not known before: nobody can go on with one that was left. */
const writePrefix = "write-";

/** Blobs as files: `blobs/sha256/<hex>`, read-only; whatever is unfinished lies in `ingest/`. */
export class DiskContentStore implements ContentStore {
  readonly #root: string;
  readonly #blobs: string;
  readonly #ingest: string;
  readonly #transfers = new Map<Digest, RunningTransfer>();
  /** The names in `ingest/` that are being written to now. */
  readonly #active = new Set<string>();

  /** Makes no request of the disk: `root` is created when the first blob comes. */
  constructor(root: string) {
    this.#root = root;
    this.#blobs = `${root}/blobs/sha256`;
    this.#ingest = `${root}/ingest`;
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const path = this.#blobPath(digest);
    try {
      return { digest, sizeBytes: (await stat(path)).size };
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw fileError("stat", path, error);
    }
  }

  async *read(digest: Digest, offsetBytes = 0): ByteStream {
    const path = this.#blobPath(digest);
    const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
      throw readError(digest, path, error);
    });
    try {
      for (let position = offsetBytes; ; ) {
        // A new buffer each time: the consumer may still hold the last one.
        const { bytesRead, buffer } = await file
          .read(Buffer.allocUnsafe(readSizeBytes), 0, readSizeBytes, position)
          .catch((error: unknown) => {
            throw fileError("read", path, error);
          });
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async readAll(digest: Digest): Promise<Uint8Array> {
    const info = await this.stat(digest);
    if (info === undefined) throw missing(digest);
    if (info.sizeBytes > readAllLimitBytes) {
      throw new EngineError(
        "invalid",
        `read blob ${digest}: ${info.sizeBytes} bytes are more than the limit of ${readAllLimitBytes}`,
      );
    }
    const path = this.#blobPath(digest);
    try {
      return await readFile(path);
    } catch (error) {
      throw readError(digest, path, error);
    }
  }

  async write(source: ByteStream, options: TransferOptions = {}): Promise<BlobInfo> {
    await this.#makeDirectories();
    const name = `${writePrefix}${randomUUID()}`;
    this.#active.add(name);
    try {
      const staging = await StagingFile.open(`${this.#ingest}/${name}`);
      try {
        await drain(source, "write blob", options, async (chunk) => {
          await staging.append(chunk);
          options.onBytes?.(staging.sizeBytes, undefined);
        });
        const info = { digest: staging.digest(), sizeBytes: staging.sizeBytes };
        if ((await this.stat(info.digest)) === undefined) await staging.commit(this.#blobPath(info.digest));
        else await staging.discard();
        return info;
      } catch (error) {
        await staging.discard();
        throw error;
      } finally {
        await staging.close();
      }
    } finally {
      this.#active.delete(name);
    }
  }

  async fetch(expected: BlobInfo, open: OpenAt, options: TransferOptions = {}): Promise<BlobInfo> {
    const { signal, onBytes } = options;
    for (;;) {
      throwIfCanceled(`fetch blob ${expected.digest}`, signal);
      const running = this.#transfers.get(expected.digest);
      if (running === undefined) return await this.#start(expected, open, options);
      if (onBytes !== undefined) running.listeners.add(onBytes);
      try {
        return checkSize(expected, await this.#wait(running.result, expected.digest, signal));
      } catch (error) {
        // A transfer ends with the caller that began it; who still wants the blob takes over where it stopped.
        if (!isCanceled(error) || signal?.aborted === true) throw error;
      } finally {
        if (onBytes !== undefined) running.listeners.delete(onBytes);
      }
    }
  }

  async remove(digest: Digest): Promise<void> {
    const path = this.#blobPath(digest);
    try {
      await unlink(path);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw fileError("remove", path, error);
    }
  }

  async *list(): AsyncIterable<BlobInfo> {
    for (const name of await this.#names(this.#blobs)) {
      const digest = `sha256:${name}`;
      if (!isDigest(digest)) continue;
      const info = await this.stat(digest);
      if (info !== undefined) yield info;
    }
  }

  async discardPartial(olderThanMs: number): Promise<number> {
    const before = Date.now() - olderThanMs;
    let freed = 0;
    for (const name of await this.#names(this.#ingest)) {
      if (this.#active.has(name)) continue;
      const path = `${this.#ingest}/${name}`;
      try {
        const { mtimeMs, size } = await stat(path);
        const isResumable = !name.startsWith(writePrefix);
        if ((isResumable && mtimeMs > before) || this.#active.has(name)) continue;
        await unlink(path);
        freed += size;
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw fileError("remove", path, error);
      }
    }
    return freed;
  }

  /** Registers the transfer before anything is awaited, so that there is never a second one. */
  async #start(expected: BlobInfo, open: OpenAt, options: TransferOptions): Promise<BlobInfo> {
    const listeners = new Set<OnBytes>(options.onBytes === undefined ? [] : [options.onBytes]);
    const signal = options.signal ?? new AbortController().signal;
    const result = this.#transfer(expected, open, signal, (current, total) => {
      for (const listener of listeners) listener(current, total);
    });
    this.#transfers.set(expected.digest, { result, listeners });
    try {
      return await result;
    } finally {
      this.#transfers.delete(expected.digest);
    }
  }

  async #transfer(
    expected: BlobInfo,
    open: OpenAt,
    signal: AbortSignal,
    onBytes: OnBytes,
  ): Promise<BlobInfo> {
    const name = `fetch-${digestHex(expected.digest)}`;
    this.#active.add(name);
    try {
      const existing = await this.stat(expected.digest);
      if (existing !== undefined) return checkSize(expected, existing);
      await this.#makeDirectories();
      const paths = { partial: `${this.#ingest}/${name}`, blob: this.#blobPath(expected.digest) };
      return await transfer(expected, paths, open, { signal, onBytes });
    } finally {
      this.#active.delete(name);
    }
  }

  async #wait(result: Promise<BlobInfo>, digest: Digest, signal: AbortSignal | undefined): Promise<BlobInfo> {
    if (signal === undefined) return await result;
    const stop = aborted(signal, result).then((): never => {
      throw new EngineError("canceled", `fetch blob ${digest}: context canceled`, { cause: signal.reason });
    });
    return await Promise.race([result, stop]);
  }

  async #names(directory: string): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const entry of await opendir(directory)) if (entry.isFile()) names.push(entry.name);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw fileError("list", directory, error);
    }
    return names;
  }

  async #makeDirectories(): Promise<void> {
    try {
      await mkdir(this.#ingest, { recursive: true, mode: 0o700 });
      if ((await mkdir(this.#blobs, { recursive: true, mode: 0o700 })) === undefined) return;
      await syncDirectory(`${this.#root}/blobs`);
      await syncDirectory(this.#root);
    } catch (error) {
      throw fileError("create", this.#blobs, error);
    }
  }

  #blobPath(digest: Digest): string {
    return `${this.#blobs}/${digestHex(digest)}`;
  }
}

function checkSize(expected: BlobInfo, found: BlobInfo): BlobInfo {
  if (found.sizeBytes === expected.sizeBytes) return found;
  throw new EngineError(
    "invalid",
    `blob ${expected.digest}: unexpected size ${found.sizeBytes}, expected ${expected.sizeBytes}`,
  );
}

const missing = (digest: Digest): EngineError => new EngineError("not-found", `blob ${digest}: not found`);

const readError = (digest: Digest, path: string, error: unknown): EngineError =>
  errnoOf(error) === "ENOENT" ? missing(digest) : fileError("read", path, error);
