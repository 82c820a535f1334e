import type { Digest } from "@davit/protocol";
import { messageOf } from "../../core/errors.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import type { State } from "../../core/ports/state.ts";

export interface GarbageStores {
  readonly state: State;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
}

export interface Collected {
  readonly blobs: number;
  readonly layers: number;
  readonly writableDirs: number;
  /** Of the blobs. */
  readonly freedBytes: number;
}

/**
 * Removes blobs, layers and writable directories that no image, container or plugin names. Must not run while
 * something is being added that is not yet in a record: see GarbageCollector. What cannot be removed, for one because it is
 * still mounted, is logged and left to the next collection.
 */
export async function collectGarbage(
  { state, content, snapshots }: GarbageStores,
  logger: Logger,
): Promise<Collected> {
  const { blobs, layers, keys } = namedBy(state);
  let removedBlobs = 0;
  let freedBytes = 0;
  for await (const { digest, sizeBytes } of content.list()) {
    if (blobs.has(digest)) continue;
    if (!(await isRemoved(logger, { blob: digest }, () => content.remove(digest)))) continue;
    removedBlobs++;
    freedBytes += sizeBytes;
  }
  let writableDirs = 0;
  for (const key of await snapshots.keys()) {
    if (keys.has(key)) continue;
    if (await isRemoved(logger, { writableDir: key }, () => snapshots.discard(key))) writableDirs++;
  }
  let removedLayers = 0;
  for (const diffId of await snapshots.layers()) {
    if (layers.has(diffId)) continue;
    if (await isRemoved(logger, { layer: diffId }, () => snapshots.removeLayer(diffId))) removedLayers++;
  }
  return { blobs: removedBlobs, layers: removedLayers, writableDirs, freedBytes };
}

async function isRemoved(logger: Logger, item: object, remove: () => Promise<void>): Promise<boolean> {
  try {
    await remove();
    return true;
  } catch (error) {
    logger.warn({ err: error, ...item }, `could not remove garbage: ${messageOf(error)}`);
    return false;
  }
}

function namedBy(state: State) {
  const blobs = new Set<Digest>();
  const layers = new Set<Digest>();
  const keys = new Set<string>();
  for (const image of state.images.list()) {
    for (const digest of [image.id, ...image.blobs]) blobs.add(digest);
    for (const diffId of image.layers) layers.add(diffId);
  }
  for (const plugin of state.plugins.list()) {
    blobs.add(plugin.manifestDigest).add(plugin.configDigest);
    for (const layer of plugin.layers) {
      blobs.add(layer.digest);
      layers.add(layer.diffId);
    }
    keys.add(plugin.rootfsKey);
  }
  for (const container of state.containers.list()) {
    for (const diffId of container.layers) layers.add(diffId);
    keys.add(container.id);
  }
  return { blobs, layers, keys };
}
