import { EngineError } from "../../core/errors.ts";
import type { ImageRecord } from "../../core/image/record.ts";
import { tagName } from "../../core/image/resolve.ts";
import type { ArchivedImage, Archives } from "../../core/ports/archives.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { Compression } from "../../core/ports/compression.ts";
import { streamOf } from "../../core/stream-of.ts";
import { readImageConfig } from "./image-config.ts";
import type { Images, ImagesPorts } from "./images.ts";
import { type EmitProgress, LayerProgress } from "./pull-progress.ts";
import { blobsOf, knownLayer, type StoredLayer, storeLayer } from "./store-layer.ts";

export interface ImageLoaderPorts extends ImagesPorts {
  readonly archives: Archives;
  readonly compression: Compression;
}

export interface LoadOptions {
  /** Tell only which images came. */
  readonly quiet: boolean;
  readonly signal: AbortSignal;
}

/** Brings in images from an archive as `docker save` writes it. */
export class ImageLoader {
  readonly #ports: ImageLoaderPorts;
  readonly #images: Images;

  constructor(ports: ImageLoaderPorts, images: Images) {
    this.#ports = ports;
    this.#images = images;
  }

  async load(source: ByteStream, options: LoadOptions, emit: EmitProgress): Promise<void> {
    const archive = await this.#ports.archives.readImages(source, options.signal);
    try {
      await this.#ports.garbage.withLease(async () => {
        for (const image of archive.images) await this.#add(image, options, emit);
      });
    } catch (error) {
      await this.#ports.garbage.collect();
      throw error;
    } finally {
      await archive.dispose();
    }
  }

  async #add(archived: ArchivedImage, { quiet, signal }: LoadOptions, emit: EmitProgress): Promise<void> {
    const { content, events } = this.#ports;
    const { digest: id } = await content.write(streamOf(archived.configBytes), { signal });
    const config = await readImageConfig(content, id);
    const diffIds = config.rootfs.diff_ids;
    const layers: StoredLayer[] = [];
    for (const [at, expected] of diffIds.entries()) {
      const open = archived.layers[at];
      if (open === undefined) {
        throw new EngineError("invalid", `load image ${id}: layer ${expected} is not in the archive`);
      }
      const progress = new LayerProgress(expected, quiet ? () => undefined : emit);
      layers.push(
        (await knownLayer(this.#ports, expected)) ??
          (await storeLayer(this.#ports, open(), {
            signal,
            expected,
            onBytes: progress.growing("Loading layer"),
          })),
      );
    }
    const createdAt = config.created ?? "1970-01-01T00:00:00Z";
    const layerBlobs = blobsOf(layers);
    const record: ImageRecord = {
      id,
      createdAt,
      layers: diffIds,
      layerBlobs,
      sizeBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
      blobs: [id, ...layerBlobs.map(({ digest }) => digest)],
      tags: [],
      repoDigests: [],
    };
    this.#images.add(record, undefined);
    const tags = archived.tags.map((tag) => tagName(tag, ""));
    for (const tag of tags) {
      const before = this.#images.find(tag)?.image.id;
      if (before !== undefined && before !== id) {
        emit({
          stream: `The image ${tag} already exists, renaming the old one with ID ${before} to empty string\n`,
        });
      }
      this.#images.add(record, tag);
      emit({ stream: `Loaded image: ${tag}\n` });
    }
    if (tags.length === 0) emit({ stream: `Loaded image ID: ${id}\n` });
    events.publish({ type: "image", action: "load", id, attributes: { name: id } });
  }
}
