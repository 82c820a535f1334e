import { type Digest, manifestSchema } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import { encodeImageManifest } from "../../core/image/image-manifest.ts";
import type { ImageRecord, LayerBlob } from "../../core/image/record.ts";
import { manifestType } from "../../core/plugin/artifact.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import { streamOf } from "../../core/stream-of.ts";
import { parseWire } from "./parse-wire.ts";

/** An image as it goes out: to a registry or into an archive. */
export interface OutgoingImage {
  readonly manifest: { readonly mediaType: string; readonly digest: Digest; readonly bytes: Uint8Array };
  readonly config: { readonly digest: Digest; readonly sizeBytes: number };
  /** Bottom first. */
  readonly layers: readonly LayerBlob[];
}

/** With the manifest that it came with, if all that it names is here; else with one of our own. */
export async function outgoingImage(content: ContentStore, image: ImageRecord): Promise<OutgoingImage> {
  const config = await content.stat(image.id);
  if (config === undefined)
    throw new EngineError("internal", `image ${image.id}: its configuration is missing`);
  return (await original(content, image, config)) ?? (await made(content, image, config));
}

async function original(
  content: ContentStore,
  { id, manifestDigest }: ImageRecord,
  config: OutgoingImage["config"],
): Promise<OutgoingImage | undefined> {
  if (manifestDigest === undefined || (await content.stat(manifestDigest)) === undefined) return undefined;
  const bytes = await content.readAll(manifestDigest);
  const manifest = parseWire(manifestSchema, bytes, `read manifest ${manifestDigest}`);
  if (manifest.config.digest !== id) return undefined;
  const layers = manifest.layers.map(({ digest, mediaType, size: sizeBytes }) => ({
    digest,
    mediaType,
    sizeBytes,
  }));
  const there = await Promise.all(layers.map(({ digest }) => content.stat(digest)));
  if (there.includes(undefined)) return undefined;
  return { manifest: { mediaType: manifestType(bytes), digest: manifestDigest, bytes }, config, layers };
}

async function made(
  content: ContentStore,
  { id, layers: diffIds, layerBlobs }: ImageRecord,
  config: OutgoingImage["config"],
): Promise<OutgoingImage> {
  if (layerBlobs.length !== diffIds.length) {
    throw new EngineError("conflict", `image ${id}: its layers were not kept in a form that can be sent on`);
  }
  const bytes = encodeImageManifest({ digest: id, size: config.sizeBytes }, layerBlobs);
  const { digest } = await content.write(streamOf(bytes));
  return { manifest: { mediaType: manifestType(bytes), digest, bytes }, config, layers: layerBlobs };
}
