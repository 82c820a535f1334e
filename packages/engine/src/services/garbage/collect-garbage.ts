import type { Digest } from "@davit/protocol";
import type { ContentStore } from "../../core/ports/content.ts";
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
 * something is being added that is not yet in a record: see GarbageCollector.
 */
export async function collectGarbage({ state, content, snapshots }: GarbageStores): Promise<Collected> {
  const { blobs, layers, keys } = namedBy(state);
  let removedBlobs = 0;
  let freedBytes = 0;
  for await (const { digest, sizeBytes } of content.list()) {
    if (blobs.has(digest)) continue;
    await content.remove(digest);
    removedBlobs++;
    freedBytes += sizeBytes;
  }
  const unnamedKeys = (await snapshots.keys()).filter((key) => !keys.has(key));
  for (const key of unnamedKeys) await snapshots.discard(key);
  const unnamedLayers = (await snapshots.layers()).filter((diffId) => !layers.has(diffId));
  for (const diffId of unnamedLayers) await snapshots.removeLayer(diffId);
  return {
    blobs: removedBlobs,
    layers: unnamedLayers.length,
    writableDirs: unnamedKeys.length,
    freedBytes,
  };
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
