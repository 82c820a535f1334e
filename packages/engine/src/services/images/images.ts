import {
  type Digest,
  type ImageConfig,
  type ImageDeleted,
  type ImageHistoryItem,
  type ImageInspect,
  type ImageSummary,
} from "@davit/protocol";
import type { Filters } from "../../core/container/filters.ts";
import { EngineError } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { shortId } from "../../core/identifiers.ts";
import { chainIds } from "../../core/image/chain-id.ts";
import { selectImages } from "../../core/image/filters.ts";
import type { Platform } from "../../core/image/platform.ts";
import type { ImageRecord } from "../../core/image/record.ts";
import { repositoryPart } from "../../core/image/repository-part.ts";
import { type FoundImage, findImage, moveTag, resolveImage, tagName } from "../../core/image/resolve.ts";
import { imageHistory, imageInspect, imageSummary } from "../../core/image/views.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import type { State } from "../../core/ports/state.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import { readImageConfig } from "./image-config.ts";
import { platformMismatch } from "./image-platform.ts";

export interface ImagesPorts {
  readonly state: State;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly garbage: GarbageCollector;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

/** The images that are here: finding, showing, naming, removing. */
export class Images {
  readonly #ports: ImagesPorts;

  constructor(ports: ImagesPorts) {
    this.#ports = ports;
  }

  /** By ID, name or prefix of the ID; not-found in the Engine's words. */
  resolve(typed: string): FoundImage {
    return resolveImage(typed, this.#ports.state.images.list());
  }

  find(typed: string): FoundImage | undefined {
    return findImage(typed, this.#ports.state.images.list());
  }

  config(id: Digest): Promise<ImageConfig> {
    return readImageConfig(this.#ports.content, id);
  }

  /** As `platformMismatch` of the image that was typed. */
  platformMismatch(typed: string, image: ImageRecord, wanted: Platform): Promise<string | undefined> {
    return platformMismatch(this.#ports, { typed, image }, wanted);
  }

  async list(filters: Filters): Promise<readonly ImageSummary[]> {
    const { state } = this.#ports;
    const images = await Promise.all(
      state.images.list().map(async (record) => ({ record, config: await this.config(record.id) })),
    );
    const containers = Map.groupBy(state.containers.list(), ({ imageId }) => imageId);
    return selectImages(images, filters).map(({ record, config }) =>
      imageSummary(record, config, containers.get(record.id)?.length ?? 0),
    );
  }

  async inspect(typed: string): Promise<ImageInspect> {
    const { image } = this.resolve(typed);
    return imageInspect(image, await this.config(image.id), "overlay2");
  }

  async history(typed: string): Promise<readonly ImageHistoryItem[]> {
    const { image } = this.resolve(typed);
    const layers = await Promise.all(image.layers.map((diffId) => this.#ports.snapshots.layer(diffId)));
    const sizes = layers.map((layer) => layer?.sizeBytes ?? 0);
    return imageHistory(image, await this.config(image.id), sizes);
  }

  tag(typed: string, repository: string, tag: string): void {
    const name = tagName(repository, tag);
    const { image } = this.resolve(typed);
    this.#nameImage(image, name);
    this.#publish("tag", image.id, name);
  }

  /** Writes an image's record, keeping the names it has already, and moves the tag to it if one is given. */
  add(record: ImageRecord, tag: string | undefined): void {
    const { state } = this.#ports;
    state.transaction(() => {
      const known = state.images.get(record.id);
      const merged: ImageRecord = {
        ...record,
        tags: union(known?.tags, record.tags),
        repoDigests: union(known?.repoDigests, record.repoDigests),
        blobs: union(known?.blobs, record.blobs),
        // What came first stays: its digests may have been told to others.
        layerBlobs: known?.layerBlobs.length ? known.layerBlobs : record.layerBlobs,
        manifestDigest: known?.manifestDigest ?? record.manifestDigest,
      };
      if (tag === undefined) state.images.put(merged);
      else this.#nameImage(merged, tag);
    });
  }

  #nameImage(image: ImageRecord, tag: string): void {
    const { state } = this.#ports;
    state.transaction(() => {
      for (const changed of moveTag(tag, image, state.images.list())) state.images.put(changed);
    });
  }

  /** Takes a name away, and the image with its last; by ID the image with all its names. */
  async remove(typed: string, options: { readonly force: boolean }): Promise<readonly ImageDeleted[]> {
    const { image, reference } = this.resolve(typed);
    const rows =
      reference === undefined
        ? await this.#removeById(image, options)
        : await this.#removeByName(image, { typed, reference }, options);
    await this.#ports.garbage.collect();
    return rows;
  }

  async #removeByName(
    image: ImageRecord,
    { typed, reference }: { readonly typed: string; readonly reference: string },
    { force }: { readonly force: boolean },
  ): Promise<readonly ImageDeleted[]> {
    const left = namesWithout(image, reference);
    const isLast = left.tags.length + left.repoDigests.length === 0;
    const users = this.#users(image);
    const [user] = users;
    if (isLast && !force && user !== undefined) {
      throw new EngineError(
        "conflict",
        `conflict: unable to remove repository reference "${typed}" (must force) - ` +
          `container ${shortId(user.id)} is using its referenced image ${shortImageId(image.id)}`,
      );
    }
    const gone = [...image.tags, ...image.repoDigests].filter(
      (name) => !left.tags.includes(name) && !left.repoDigests.includes(name),
    );
    const untagged = gone.map((name) => ({ Untagged: name }));
    this.#publish("untag", image.id, image.id);
    if (isLast && users.length === 0) return [...untagged, ...(await this.#delete(image))];
    this.#ports.state.images.put({ ...image, ...left });
    return untagged;
  }

  async #removeById(
    image: ImageRecord,
    { force }: { readonly force: boolean },
  ): Promise<readonly ImageDeleted[]> {
    const refuse = (must: string, reason: string): EngineError =>
      new EngineError(
        "conflict",
        `conflict: unable to delete ${shortImageId(image.id)} (${must}) - ${reason}`,
      );
    const users = this.#users(image);
    const running = users.find(({ status }) => status === "running");
    if (running !== undefined) {
      const reason = `image is being used by running container ${shortId(running.id)}`;
      throw refuse("cannot be forced", reason);
    }
    const repositories = new Set(image.tags.map(repositoryPart));
    if (!force && repositories.size > 1) {
      throw refuse("must be forced", "image is referenced in multiple repositories");
    }
    const [stopped] = users;
    if (!force && stopped !== undefined) {
      const reason = `image is being used by stopped container ${shortId(stopped.id)}`;
      throw refuse("must be forced", reason);
    }
    for (const _tag of image.tags) this.#publish("untag", image.id, image.id);
    const untagged = [...image.tags, ...image.repoDigests].map((name) => ({ Untagged: name }));
    return [...untagged, ...(await this.#delete(image))];
  }

  /** Removes the record; answers a row for it and one for each layer that nothing else has. */
  async #delete(image: ImageRecord): Promise<readonly ImageDeleted[]> {
    const { state } = this.#ports;
    const chain = await chainIds(image.layers);
    const others = [...state.images.list().filter(({ id }) => id !== image.id), ...state.containers.list()];
    const kept = new Set((await Promise.all(others.map(({ layers }) => chainIds(layers)))).flat());
    state.images.remove(image.id);
    this.#publish("delete", image.id, image.id);
    const layers = chain.filter((id) => !kept.has(id)).toReversed();
    return [{ Deleted: image.id }, ...layers.map((id) => ({ Deleted: id }))];
  }

  #users(image: ImageRecord) {
    return this.#ports.state.containers.list().filter(({ imageId }) => imageId === image.id);
  }

  #publish(action: string, id: string, name: string): void {
    this.#ports.events.publish({ type: "image", action, id, attributes: { name } });
  }
}

/** An image's names when one is taken away: with the last tag of a repository its digests there go too. */
function namesWithout(image: ImageRecord, reference: string): Pick<ImageRecord, "tags" | "repoDigests"> {
  const tags = image.tags.filter((tag) => tag !== reference);
  const isTagged = (digest: string): boolean =>
    tags.some((tag) => repositoryPart(tag) === repositoryPart(digest));
  const wasTag = tags.length < image.tags.length;
  const repository = repositoryPart(reference);
  return {
    tags,
    repoDigests: image.repoDigests.filter(
      (digest) =>
        digest !== reference && !(wasTag && repositoryPart(digest) === repository && !isTagged(digest)),
    ),
  };
}

const union = <Item extends string>(a: readonly Item[] | undefined, b: readonly Item[]): readonly Item[] =>
  [...new Set([...(a ?? []), ...b])].sort();

const shortImageId = (id: Digest): string => shortId(id.slice("sha256:".length));
