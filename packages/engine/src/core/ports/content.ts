import type { Digest } from "@davit/protocol";
import type { ByteStream, OnBytes } from "./byte-stream.ts";

export interface BlobInfo {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface TransferOptions {
  readonly signal?: AbortSignal;
  readonly onBytes?: OnBytes;
}

/**
 * Blobs by digest. A blob is either there whole, verified and synced, or not there.
 * Not guaranteed: that a blob which no record names stays; whoever adds one writes the record that names it
 * while holding a lease.
 */
export interface ContentStore {
  /** The blob's size, or undefined if it is not there. */
  stat(digest: Digest): Promise<BlobInfo | undefined>;
  /** The bytes of a blob, from `offsetBytes` on; not-found if it is not there. */
  read(digest: Digest, offsetBytes?: number): ByteStream;
  /** The whole of a small blob (manifests and configs); refuses one of over 8 MiB. */
  readAll(digest: Digest): Promise<Uint8Array>;
  /** Stores bytes whose digest is not known before; storing what is there already is no error. */
  write(source: ByteStream, options?: TransferOptions): Promise<BlobInfo>;
  /**
   * Stores a blob whose digest and size are known, resuming an earlier attempt: `open` is asked for the bytes from
   * `offsetBytes` on. A wrong digest or size is an error of kind invalid and discards what came. One transfer per digest at a time: a
   * second caller waits for the first and shares its result.
   */
  fetch(
    expected: BlobInfo,
    open: (offsetBytes: number, signal: AbortSignal) => Promise<ByteStream>,
    options?: TransferOptions,
  ): Promise<BlobInfo>;
  remove(digest: Digest): Promise<void>;
  list(): AsyncIterable<BlobInfo>;
  /** Discards unfinished transfers older than `olderThanMs`, and those of any age that cannot be resumed; answers the bytes freed. */
  discardPartial(olderThanMs: number): Promise<number>;
}
