import { type Digest, mediaTypes } from "@davit/protocol";
import { detectCompression, peekStart } from "../../core/compression-format.ts";
import { EngineError } from "../../core/errors.ts";
import type { LayerBlob } from "../../core/image/record.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { Compression } from "../../core/ports/compression.ts";
import type { ContentStore, TransferOptions } from "../../core/ports/content.ts";
import type { Snapshots, UnpackedLayer } from "../../core/ports/snapshots.ts";
import type { State } from "../../core/ports/state.ts";
import { splitStream } from "../../core/split-stream.ts";

export interface LayerStores {
  readonly state: State;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
}

/** A layer that is unpacked, and the blob that it can be sent on as: undefined if there is none. */
export interface StoredLayer extends UnpackedLayer {
  readonly blob: LayerBlob | undefined;
}

/** The blob that an image or a plugin keeps of a layer. */
async function knownLayerBlob(
  { state, content }: Pick<LayerStores, "state" | "content">,
  diffId: Digest,
): Promise<LayerBlob | undefined> {
  const ofImages = state.images
    .list()
    .flatMap(({ layers, layerBlobs }) => layerBlobs.filter((_, at) => layers[at] === diffId));
  const ofPlugins = state.plugins
    .list()
    .flatMap(({ layers }) => layers.filter((layer) => layer.diffId === diffId));
  for (const { digest, mediaType, sizeBytes } of [...ofImages, ...ofPlugins]) {
    if ((await content.stat(digest)) !== undefined) return { digest, mediaType, sizeBytes };
  }
  return undefined;
}

/** A layer that is unpacked and whose blob is kept already. */
export async function knownLayer(stores: LayerStores, diffId: Digest): Promise<StoredLayer | undefined> {
  const unpacked = await stores.snapshots.layer(diffId);
  if (unpacked === undefined) return undefined;
  const blob = await knownLayerBlob(stores, diffId);
  return blob === undefined ? undefined : { ...unpacked, blob };
}

/**
 * Unpacks a layer and keeps its blob: as it came, or compressed if it came plain. One that is in a form that registries
 * do not take (xz) is unpacked only.
 */
export async function storeLayer(
  { content, snapshots, compression }: LayerStores & { readonly compression: Compression },
  source: ByteStream,
  { expected, ...options }: TransferOptions & { readonly expected?: Digest },
): Promise<StoredLayer> {
  const { start, stream } = await peekStart(source);
  const format = detectCompression(start);
  const keep = options.signal === undefined ? {} : { signal: options.signal };
  // Read to its end in any case, for the sake of the blob: so nothing is expected of the unpacking itself.
  const stored = await (async (): Promise<StoredLayer> => {
    if (format === "xz") return { ...(await snapshots.unpack(stream, options)), blob: undefined };
    const [{ digest, sizeBytes }, unpacked] = await splitStream(
      stream,
      (bytes) => content.write(format === "none" ? compression.gzip(bytes) : bytes, keep),
      (bytes) => snapshots.unpack(bytes, options),
    );
    const mediaType = format === "zstd" ? mediaTypes.dockerLayerZstd : mediaTypes.dockerLayerGzip;
    return { ...unpacked, blob: { digest, mediaType, sizeBytes } };
  })();
  if (expected === undefined || stored.diffId === expected) return stored;
  throw new EngineError(
    "invalid",
    `unpacking layer: its diff ID is ${stored.diffId}, not ${expected} as expected`,
  );
}

/** The blobs of all layers, or none: half of them are of no use to anybody. */
export function blobsOf(layers: readonly StoredLayer[]): readonly LayerBlob[] {
  const blobs = layers.flatMap(({ blob }) => (blob === undefined ? [] : [blob]));
  return blobs.length === layers.length ? blobs : [];
}
