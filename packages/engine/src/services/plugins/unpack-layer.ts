import type { Digest } from "@davit/protocol";
import type { ContentStore, TransferOptions } from "../../core/ports/content.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import type { State } from "../../core/ports/state.ts";

export interface UnpackLayerPorts {
  readonly state: Pick<State, "plugins">;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
}

/**
 * Unpacks a stored layer of a plugin, unless that was done when another plugin brought the same blob; answers its diff ID.
 * What a configuration tells of diff IDs is not relied on: Docker Engine writes the compressed blob's digest there.
 */
export async function unpackLayer(
  { state, content, snapshots }: UnpackLayerPorts,
  blob: Digest,
  options: TransferOptions,
): Promise<Digest> {
  const layers = state.plugins.list().flatMap((plugin) => plugin.layers);
  const known = layers.find(({ digest }) => digest === blob)?.diffId;
  if (known !== undefined && (await snapshots.layer(known)) !== undefined) return known;
  return (await snapshots.unpack(content.read(blob), options)).diffId;
}
