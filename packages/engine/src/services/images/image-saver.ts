import type { Descriptor, Digest } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import {
  blobPath,
  bytesFile,
  imageNameAnnotation,
  jsonFile,
  layoutFiles,
  refNameAnnotation,
} from "../../core/image/oci-layout.ts";
import { type Platform, parsePlatform, platformName } from "../../core/image/platform.ts";
import type { ImageRecord } from "../../core/image/record.ts";
import { repositoryPart } from "../../core/image/repository-part.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { canonicalName, parseReference } from "../../core/reference.ts";
import { type TarFile, tarStream } from "../../core/tar/tar-stream.ts";
import { type OutgoingImage, outgoingImage } from "./image-content.ts";
import type { Images, ImagesPorts } from "./images.ts";

export interface ImageSaverPorts extends ImagesPorts {
  /** The engine's own. */
  readonly platform: Platform;
}

interface Chosen {
  readonly image: ImageRecord;
  readonly tags: Set<string>;
}

interface NamedImage extends OutgoingImage {
  readonly tags: readonly string[];
}

/** Writes images to an archive that both `docker load` and readers of OCI image layouts take. */
export class ImageSaver {
  readonly #ports: ImageSaverPorts;
  readonly #images: Images;

  constructor(ports: ImageSaverPorts, images: Images) {
    this.#ports = ports;
    this.#images = images;
  }

  /** What is not there is found out before the first byte. */
  async save(names: readonly string[], platform: string): Promise<ByteStream> {
    const lease = this.#lease();
    try {
      const chosen = this.#choose(names);
      if (platform !== "") await this.#requirePlatform(chosen, parsePlatform(platform, this.#ports.platform));
      const outgoing = await Promise.all(
        chosen.map(async ({ image, tags }) => ({
          tags: [...tags].sort(),
          ...(await outgoingImage(this.#ports.content, image)),
        })),
      );
      for (const { image } of chosen) {
        this.#ports.events.publish({
          type: "image",
          action: "save",
          id: image.id,
          attributes: { name: image.id },
        });
      }
      return ended(tarStream(this.#files(outgoing)), lease.end);
    } catch (error) {
      await lease.end();
      throw error;
    }
  }

  /** Each image once, with the names that it is to have: those that were typed, or all of a repository. */
  #choose(names: readonly string[]): readonly Chosen[] {
    const chosen = new Map<Digest, Chosen>();
    const choose = (image: ImageRecord, tags: readonly string[]): void => {
      const known = chosen.get(image.id) ?? { image, tags: new Set() };
      for (const tag of tags) known.tags.add(tag);
      chosen.set(image.id, known);
    };
    for (const name of names) {
      const ofRepository = this.#ofRepository(name);
      for (const { image, tags } of ofRepository) choose(image, tags);
      if (ofRepository.length > 0) continue;
      const found = this.#images.find(name);
      // As it was typed: `:latest` is not what was looked for.
      if (found === undefined) throw new EngineError("not-found", `No such image: ${name}`);
      const { image, reference } = found;
      choose(image, reference === undefined || !image.tags.includes(reference) ? [] : [reference]);
    }
    return [...chosen.values()];
  }

  #ofRepository(name: string): readonly { readonly image: ImageRecord; readonly tags: readonly string[] }[] {
    if (name.includes("@") || repositoryPart(name) !== name || /^[a-f0-9]{64}$/.test(name)) return [];
    return this.#ports.state.images.list().flatMap((image) => {
      const tags = image.tags.filter((tag) => sameRepository(tag, name));
      return tags.length === 0 ? [] : [{ image, tags }];
    });
  }

  async #requirePlatform(chosen: readonly Chosen[], wanted: Platform): Promise<void> {
    for (const { image } of chosen) {
      const { os, architecture, variant } = await this.#images.config(image.id);
      const fits =
        os === wanted.os &&
        architecture === wanted.architecture &&
        (wanted.variant === undefined || variant === wanted.variant);
      if (fits) continue;
      throw new EngineError(
        "not-found",
        `image with reference ${image.tags[0] ?? image.id} was found but does not provide the specified platform (${platformName(wanted)})`,
      );
    }
  }

  #files(images: readonly NamedImage[]): TarFile[] {
    const { content } = this.#ports;
    const files = new Map<string, TarFile>();
    const add = (file: TarFile): void => {
      if (!files.has(file.path)) files.set(file.path, file);
    };
    for (const { manifest, config, layers } of images) {
      for (const { digest, sizeBytes } of [config, ...layers]) {
        add({ path: blobPath(digest), sizeBytes, open: () => content.read(digest) });
      }
      add(bytesFile(blobPath(manifest.digest), manifest.bytes));
    }
    const combined = images.map(({ config, layers, tags }) => ({
      Config: blobPath(config.digest),
      RepoTags: tags.length === 0 ? null : tags,
      Layers: layers.map(({ digest }) => blobPath(digest)),
    }));
    return [
      ...files.values(),
      ...layoutFiles(images.flatMap(descriptors)),
      jsonFile("manifest.json", combined),
    ];
  }

  /** Nothing is collected until the archive has been read. */
  #lease(): { readonly end: () => Promise<void> } {
    const done = Promise.withResolvers<void>();
    const lease = this.#ports.garbage.withLease(() => done.promise);
    return {
      end: async () => {
        done.resolve();
        await lease;
      },
    };
  }
}

/** One for each name, as readers look for a name here. */
function descriptors({ manifest, tags }: NamedImage): Descriptor[] {
  const plain = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.byteLength };
  if (tags.length === 0) return [plain];
  return tags.map((tag) => {
    const reference = parseReference(tag);
    const annotations = {
      [imageNameAnnotation]: canonicalName(reference),
      [refNameAnnotation]: reference.tag ?? "",
    };
    return { ...plain, annotations };
  });
}

function sameRepository(tag: string, typed: string): boolean {
  const [a, b] = [parseReference(tag), parseReference(typed)];
  return a.domain === b.domain && a.path === b.path;
}

async function* ended(source: ByteStream, end: () => Promise<void>): ByteStream {
  try {
    yield* source;
  } finally {
    await end();
  }
}
