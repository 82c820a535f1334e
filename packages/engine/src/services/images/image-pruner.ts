import type { Digest, ImageDeleted, ImagePruneResponse } from "@davit/protocol";
import { type Filters, hasLabel } from "../../core/container/filters.ts";
import { EngineError } from "../../core/errors.ts";
import { parsePruneTime } from "../../core/image/prune-time.ts";
import type { ImageRecord } from "../../core/image/record.ts";
import type { Images, ImagesPorts } from "./images.ts";

export const imagePruneFilterKeys = ["dangling", "label", "label!", "until"] as const;

/** Removes images that no container uses: those without a name, or all. */
export class ImagePruner {
  readonly #ports: ImagesPorts;
  readonly #images: Images;
  #isRunning = false;

  constructor(ports: ImagesPorts, images: Images) {
    this.#ports = ports;
    this.#images = images;
  }

  async prune(filters: Filters): Promise<ImagePruneResponse> {
    if (this.#isRunning) throw new EngineError("conflict", "a prune operation is already running");
    this.#isRunning = true;
    try {
      return await this.#prune(filters);
    } finally {
      this.#isRunning = false;
    }
  }

  async #prune(filters: Filters): Promise<ImagePruneResponse> {
    const before = await this.#layerSizes();
    const deleted: ImageDeleted[] = [];
    for (const image of await this.#selected(filters)) deleted.push(...(await this.#remove(image)));
    const kept = this.#layerIds();
    const reclaimed = [...before]
      .filter(([diffId]) => !kept.has(diffId))
      .reduce((sum, [, size]) => sum + size, 0);
    this.#ports.events.publish({
      type: "image",
      action: "prune",
      id: "",
      attributes: { reclaimed: String(reclaimed) },
    });
    return { ImagesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
  }

  async #selected(filters: Filters): Promise<readonly ImageRecord[]> {
    const { state } = this.#ports;
    const danglingOnly = booleanOf("dangling", filters.get("dangling")) ?? true;
    const until = untilOf(filters.get("until"));
    const used = new Set(state.containers.list().map(({ imageId }) => imageId));
    const candidates = state.images
      .list()
      .filter(({ id, tags }) => !used.has(id) && (!danglingOnly || tags.length === 0))
      .filter(({ createdAt }) => until === undefined || Date.parse(createdAt) < until);
    const selected: ImageRecord[] = [];
    for (const image of candidates) {
      const labels = (await this.#images.config(image.id)).config?.Labels ?? {};
      const isWanted = (filters.get("label") ?? []).every((value) => hasLabel(labels, value));
      const isKept = (filters.get("label!") ?? []).some((value) => hasLabel(labels, value));
      if (isWanted && !isKept) selected.push(image);
    }
    return selected;
  }

  /** By its names, as they are to be told; one that came into use meanwhile stays. */
  async #remove({ id, tags, repoDigests }: ImageRecord): Promise<readonly ImageDeleted[]> {
    const deleted: ImageDeleted[] = [];
    const names = tags.length + repoDigests.length === 0 ? [id] : [...tags, ...repoDigests];
    for (const name of names) {
      if (this.#images.find(name)?.image.id !== id) continue;
      try {
        deleted.push(...(await this.#images.remove(name, { force: false })));
      } catch (error) {
        if (!(error instanceof EngineError) || error.kind !== "conflict") throw error;
      }
    }
    return deleted;
  }

  async #layerSizes(): Promise<ReadonlyMap<Digest, number>> {
    const { snapshots } = this.#ports;
    const entries = [...this.#layerIds()].map(async (diffId): Promise<[Digest, number]> => {
      const layer = await snapshots.layer(diffId);
      return [diffId, layer?.sizeBytes ?? 0];
    });
    return new Map(await Promise.all(entries));
  }

  #layerIds(): ReadonlySet<Digest> {
    const { images, containers, plugins } = this.#ports.state;
    const ofPlugins = plugins.list().flatMap(({ layers }) => layers.map(({ diffId }) => diffId));
    return new Set([
      ...[...images.list(), ...containers.list()].flatMap(({ layers }) => layers),
      ...ofPlugins,
    ]);
  }
}

function booleanOf(key: string, values: readonly string[] | undefined): boolean | undefined {
  if (values === undefined || values.length === 0) return undefined;
  const isTrue = values.some((value) => value === "1" || value === "true");
  const isFalse = values.some((value) => value === "0" || value === "false");
  if (isTrue === isFalse) throw new EngineError("invalid", `invalid filter '${key}=[${values.join(" ")}]'`);
  return isTrue;
}

function untilOf(values: readonly string[] = []): number | undefined {
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) throw new EngineError("invalid", "more than one until filter specified");
  return parsePruneTime(value, Date.now());
}
