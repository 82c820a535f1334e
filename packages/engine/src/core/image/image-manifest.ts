import { type Descriptor, mediaTypes } from "@davit/protocol";
import type { LayerBlob } from "./record.ts";

/** A schema 2 manifest, the form that every registry takes; the same image gives the same bytes. */
export function encodeImageManifest(
  config: Omit<Descriptor, "mediaType">,
  layers: readonly LayerBlob[],
): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: mediaTypes.dockerImageConfig, size: config.size, digest: config.digest },
      layers: layers.map(({ digest, mediaType, sizeBytes }) => ({
        mediaType: dockerType(mediaType),
        size: sizeBytes,
        digest,
      })),
    }),
  );
}

/** A layer may have come in a manifest of OCI's. */
function dockerType(mediaType: string): string {
  if (mediaType.endsWith("zstd")) return mediaTypes.dockerLayerZstd;
  return mediaType.endsWith("gzip") ? mediaTypes.dockerLayerGzip : mediaTypes.dockerLayer;
}
