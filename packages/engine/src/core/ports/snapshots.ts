import type { Digest } from "@davit/protocol";
import type { ByteStream } from "./byte-stream.ts";
import type { TransferOptions } from "./content.ts";

export interface UnpackedLayer {
  /** Digest of the uncompressed tar stream. */
  readonly diffId: Digest;
  /** Bytes of file content that the layer holds. */
  readonly sizeBytes: number;
}

export interface RootfsRequest {
  /** Names the writable directory; the same key finds what was written before. */
  readonly key: string;
  /** Bottom first. */
  readonly layers: readonly Digest[];
  /** Absolute directory on which the root file system appears; made if it is missing. */
  readonly target: string;
}

/** Something that was written over the layers; the path is absolute in the root file system. */
export interface WrittenChange {
  readonly path: string;
  readonly kind: "added" | "modified" | "deleted";
}

/**
 * Layers, each unpacked once by its diff ID and shared read-only, and root file systems that lay a writable
 * directory over some of them.
 */
export interface Snapshots {
  /**
   * Unpacks a layer (plain tar, gzip, zstd or xz), confined to its own directory: no path, link or device of the
   * stream reaches outside. With `expected`, another diff ID is an error of kind invalid;
   * and if that layer is there already or just being unpacked, `source` is released unread. Otherwise it is read to its end.
   */
  unpack(
    source: ByteStream,
    options?: TransferOptions & { readonly expected?: Digest },
  ): Promise<UnpackedLayer>;
  /** Whether a layer is there. */
  layer(diffId: Digest): Promise<UnpackedLayer | undefined>;
  /** Mounts a root file system; a target that is already mounted stays as it is. */
  mount(request: RootfsRequest): Promise<void>;
  /** Unmounts the target and all below it; one that is not mounted is no error. */
  unmount(target: string): Promise<void>;
  /** Throws away what was written under a key. Must not be mounted. */
  discard(key: string): Promise<void>;
  /** The bytes that were written under a key. */
  usage(key: string): Promise<number>;
  /** What was written under a key as against these layers (bottom first); directories before what is in them. */
  changes(key: string, layers: readonly Digest[]): Promise<readonly WrittenChange[]>;
  removeLayer(diffId: Digest): Promise<void>;
  layers(): Promise<readonly Digest[]>;
  keys(): Promise<readonly string[]>;
}
