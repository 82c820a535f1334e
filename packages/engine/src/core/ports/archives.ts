import type { Digest } from "@davit/protocol";
import type { Platform } from "../image/platform.ts";
import type { ByteStream } from "./byte-stream.ts";
import type { RemoteManifest } from "./registry.ts";

export interface PluginContext {
  /**
   * The root file system as a plain tar, made while it is read: whoever wants `config` reads it to its end. It fails
   * with `no rootfs found: EOF` if there is none and with `failed to read from tar: reason` if the archive is broken.
   */
  readonly rootfs: ByteStream;
  /**
   * The last `config.json`, once `rootfs` was read to its end; its failure if it had one, `config not found` if there
   * is none, canceled if its reader stopped early.
   */
  readonly config: Promise<Uint8Array>;
}

/** An image as an archive holds it. */
export interface ArchivedImage {
  readonly configBytes: Uint8Array;
  /** Bottom first, as many as the configuration has diff IDs; each opens the layer anew, compressed or not. */
  readonly layers: readonly (() => ByteStream)[];
  /** Names with tag, as the archive has them. */
  readonly tags: readonly string[];
}

export interface ImageArchive {
  readonly images: readonly ArchivedImage[];
  /** Removes what was spooled; the layers cannot be opened afterwards. */
  dispose(): Promise<void>;
}

/** A plugin as an archive holds it. */
export interface PluginArchive {
  readonly manifest: RemoteManifest;
  /** The reference in full if the archive names it. */
  readonly name: string | undefined;
  /** A blob's bytes, anew with each call; invalid if it is not in the archive or is not what its digest says. */
  blob(digest: Digest): ByteStream;
  /** Removes what was spooled. */
  dispose(): Promise<void>;
}

/** The tar archives that clients send. Broken ones are errors of kind invalid. */
export interface Archives {
  /** The directory of a plugin's author: `config.json` and `rootfs/`; everything else in it is passed over. */
  splitPluginContext(source: ByteStream, signal?: AbortSignal): PluginContext;
  /** What `docker save` writes, or an OCI image layout; spooled to disk. Digests of an OCI layout are verified. */
  readImages(source: ByteStream, signal?: AbortSignal): Promise<ImageArchive>;
  /** An OCI image layout with one plugin, perhaps for several platforms; spooled to disk. */
  readPlugin(source: ByteStream, platform: Platform, signal?: AbortSignal): Promise<PluginArchive>;
}
