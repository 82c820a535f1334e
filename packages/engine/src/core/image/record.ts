import type { Digest } from "@davit/protocol";

export interface ImageRecord {
  /** Digest of its configuration. */
  readonly id: Digest;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Diff IDs, bottom first. */
  readonly layers: readonly Digest[];
  /** Bytes unpacked. */
  readonly sizeBytes: number;
  /** Blobs that were stored for it (configuration, manifest, layers), kept as long as it is. */
  readonly blobs: readonly Digest[];
  /** Familiar names with tag. */
  readonly tags: readonly string[];
  /** Familiar repository with digest. */
  readonly repoDigests: readonly string[];
}
