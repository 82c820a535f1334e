import type { Digest } from "@davit/protocol";

/** A layer as it goes over the network: most often compressed. */
export interface LayerBlob {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

export interface ImageRecord {
  /** Digest of its configuration. */
  readonly id: Digest;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Diff IDs, bottom first. */
  readonly layers: readonly Digest[];
  /** The blob of each layer; empty if one of them could not be kept. */
  readonly layerBlobs: readonly LayerBlob[];
  /** The manifest that it came with; undefined if it came without one. */
  readonly manifestDigest?: Digest | undefined;
  /** Bytes unpacked. */
  readonly sizeBytes: number;
  /** Blobs that were stored for it (configuration, manifest, layers), kept as long as it is. */
  readonly blobs: readonly Digest[];
  /** Familiar names with tag. */
  readonly tags: readonly string[];
  /** Familiar repository with digest. */
  readonly repoDigests: readonly string[];
}
