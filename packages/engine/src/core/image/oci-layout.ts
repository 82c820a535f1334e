import type { Descriptor } from "@davit/protocol";
import { type Digest, digestHex, mediaTypes } from "@davit/protocol";
import { streamOf } from "../stream-of.ts";
import type { TarFile } from "../tar/tar-stream.ts";

// https://github.com/opencontainers/image-spec/blob/main/image-layout.md

/** Tools that store whole names look here, as the annotation of the standard may hold a tag only. */
export const imageNameAnnotation = "io.containerd.image.name";
export const refNameAnnotation = "org.opencontainers.image.ref.name";

export const blobPath = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

/** The two files that make a directory of blobs an image layout. */
export function layoutFiles(manifests: readonly Descriptor[]): TarFile[] {
  return [
    jsonFile("index.json", { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    jsonFile("oci-layout", { imageLayoutVersion: "1.0.0" }),
  ];
}

export function jsonFile(path: string, value: unknown): TarFile {
  return bytesFile(path, new TextEncoder().encode(JSON.stringify(value)));
}

export const bytesFile = (path: string, bytes: Uint8Array): TarFile => ({
  path,
  sizeBytes: bytes.length,
  open: () => streamOf(bytes),
});
