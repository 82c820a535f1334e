import { applyChanges } from "../../core/image/changes.ts";
import { type Platform, parsePlatform } from "../../core/image/platform.ts";
import { tagName } from "../../core/image/resolve.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { Compression } from "../../core/ports/compression.ts";
import type { Images, ImagesPorts } from "./images.ts";
import type { EmitProgress } from "./pull-progress.ts";
import { blobsOf, storeLayer } from "./store-layer.ts";

export interface ImportRequest {
  /** A tar of a root file system, plain or compressed. */
  readonly source: ByteStream;
  /** `""` for an image without a name. */
  readonly repository: string;
  readonly tag: string;
  readonly message: string;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  readonly platform: string;
  readonly signal: AbortSignal;
}

export interface ImageImporterPorts extends ImagesPorts {
  /** The engine's own. */
  readonly platform: Platform;
  readonly compression: Compression;
}

/** Makes an image of one layer from a root file system. */
export class ImageImporter {
  readonly #ports: ImageImporterPorts;
  readonly #images: Images;

  constructor(ports: ImageImporterPorts, images: Images) {
    this.#ports = ports;
    this.#images = images;
  }

  async import(request: ImportRequest, emit: EmitProgress): Promise<void> {
    const name = request.repository === "" ? undefined : tagName(request.repository, request.tag);
    const platform = parsePlatform(request.platform, this.#ports.platform);
    const config = applyChanges({}, request.changes);
    try {
      await this.#ports.garbage.withLease(() => this.#import(request, { name, platform, config }, emit));
    } catch (error) {
      await this.#ports.garbage.collect();
      throw error;
    }
  }

  async #import(
    { source, message, signal }: ImportRequest,
    plan: { readonly name: string | undefined; readonly platform: Platform; readonly config: object },
    emit: EmitProgress,
  ): Promise<void> {
    const { content, events } = this.#ports;
    const layer = await storeLayer(this.#ports, source, { signal });
    const layerBlobs = blobsOf([layer]);
    const createdAt = new Date().toISOString();
    const config = await content.write(
      jsonBytes({
        ...plan.platform,
        created: createdAt,
        config: plan.config,
        rootfs: { type: "layers", diff_ids: [layer.diffId] },
        history: [{ created: createdAt, comment: message }],
      }),
    );
    this.#images.add(
      {
        id: config.digest,
        createdAt,
        layers: [layer.diffId],
        layerBlobs,
        sizeBytes: layer.sizeBytes,
        blobs: [config.digest, ...layerBlobs.map(({ digest }) => digest)],
        tags: [],
        repoDigests: [],
      },
      plan.name,
    );
    if (plan.name !== undefined) {
      events.publish({
        type: "image",
        action: "tag",
        id: config.digest,
        attributes: { name: plan.name },
      });
    }
    events.publish({
      type: "image",
      action: "import",
      id: config.digest,
      attributes: { name: config.digest },
    });
    emit({ status: config.digest });
  }
}

async function* jsonBytes(value: object): ByteStream {
  yield new TextEncoder().encode(JSON.stringify(value));
}
