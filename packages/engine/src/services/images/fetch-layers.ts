import { type Descriptor, type Digest, isLayerType } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { OnBytes } from "../../core/ports/byte-stream.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import type { RegistrySession } from "../../core/ports/registry.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { type EmitProgress, LayerProgress } from "./pull-progress.ts";
import { knownLayer, type LayerStores, type StoredLayer } from "./store-layer.ts";

export interface LayersRequest {
  /** Bottom first, like `diffIds`; as many. */
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly Digest[];
  readonly emit: EmitProgress;
  readonly signal: AbortSignal;
}

const parallelDownloads = 3;

/**
 * Downloads layers side by side and unpacks each, bottom first, as soon as it is there; layers that are here
 * already, unpacked and as blobs, are not fetched. The first failure stops the rest, and is thrown when all have stopped.
 */
export async function fetchLayers(
  stores: LayerStores,
  session: RegistrySession,
  { layers, diffIds, emit, signal }: LayersRequest,
): Promise<readonly StoredLayer[]> {
  const limit = new ConcurrencyLimit(parallelDownloads);
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const known = await Promise.all(diffIds.map((diffId) => knownLayer(stores, diffId)));
  // Each unpacking waits for its own download and for the layer below, as the lines of a pull are expected to come.
  let below: Promise<unknown> = Promise.resolve();
  const work = layers.map((layer, at): Promise<StoredLayer> => {
    const progress = new LayerProgress(layer.digest, emit);
    const existing = known[at];
    if (existing !== undefined) {
      progress.say("Already exists");
      return Promise.resolve(existing);
    }
    progress.say("Pulling fs layer");
    const download = limit.run(
      () => downloadLayer(stores.content, session, layer, progress, either),
      () => progress.say("Waiting"),
    );
    const unpacked = Promise.all([download, below]).then(() =>
      unpackLayer(stores, layer, diffIds[at], progress, either),
    );
    below = unpacked;
    unpacked.catch((error: unknown) => failure.abort(error));
    return unpacked;
  });
  const results = await Promise.allSettled(work);
  signal.throwIfAborted();
  failure.signal.throwIfAborted();
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

async function downloadLayer(
  content: ContentStore,
  session: RegistrySession,
  layer: Descriptor,
  progress: LayerProgress,
  signal: AbortSignal,
): Promise<void> {
  if (!isLayerType(layer.mediaType)) {
    throw new EngineError("invalid", `pull layer ${layer.digest}: unsupported media type ${layer.mediaType}`);
  }
  const report = progress.bytes("Downloading", layer.size);
  await fetchBlob(content, session, layer, {
    signal,
    onBytes: (current, total) => {
      report(current, total);
      if (current === layer.size) progress.say("Verifying Checksum");
    },
  });
  progress.say("Download complete");
}

async function unpackLayer(
  { content, snapshots }: LayerStores,
  layer: Descriptor,
  diffId: Digest | undefined,
  progress: LayerProgress,
  signal: AbortSignal,
): Promise<StoredLayer> {
  const unpacked = await snapshots.unpack(content.read(layer.digest), {
    signal,
    onBytes: progress.bytes("Extracting", layer.size),
    ...(diffId === undefined ? {} : { expected: diffId }),
  });
  progress.say("Pull complete");
  const { digest, mediaType, size: sizeBytes } = layer;
  return { ...unpacked, blob: { digest, mediaType, sizeBytes } };
}

/** One blob from a registry into the store, unless it is there. */
export const fetchBlob = (
  content: ContentStore,
  session: RegistrySession,
  descriptor: Descriptor,
  options: { readonly signal: AbortSignal; readonly onBytes?: OnBytes },
) =>
  content.fetch(
    { digest: descriptor.digest, sizeBytes: descriptor.size },
    (offsetBytes, signal) => session.blob(descriptor, offsetBytes, signal),
    options,
  );
