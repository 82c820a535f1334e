import type { Digest, RegistryAuth } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { ImageRecord } from "../../core/image/record.ts";
import type { Registry, RegistrySession } from "../../core/ports/registry.ts";
import {
  familiarName,
  familiarRepository,
  parseReference,
  type Reference,
  repositoryOf,
} from "../../core/reference.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { outgoingImage } from "./image-content.ts";
import type { Images, ImagesPorts } from "./images.ts";
import { type EmitProgress, LayerProgress } from "./pull-progress.ts";

export interface ImagePusherPorts extends ImagesPorts {
  readonly registry: Registry;
}

export interface PushRequest {
  /** As typed. */
  readonly image: string;
  /** `""` for all tags of the repository. */
  readonly tag: string;
  readonly auth: RegistryAuth | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

interface TaggedImage {
  readonly image: ImageRecord;
  readonly reference: Reference & { readonly tag: string };
}

interface PushContext {
  readonly emit: EmitProgress;
  /** Aborted by `failure`, or when the client goes away. */
  readonly signal: AbortSignal;
  readonly failure: AbortController;
}

const parallelUploads = 5;

/** Publishes images: layers side by side, the configuration, then the manifest. */
export class ImagePusher {
  readonly #ports: ImagePusherPorts;
  readonly #images: Images;

  constructor(ports: ImagePusherPorts, images: Images) {
    this.#ports = ports;
    this.#images = images;
  }

  push(request: PushRequest, emit: EmitProgress): Promise<void> {
    return this.#ports.garbage.withLease(() => this.#push(request, emit));
  }

  async #push({ image, tag, ...access }: PushRequest, emit: EmitProgress): Promise<void> {
    const reference = parseReference(tag === "" ? image : `${image}:${tag}`);
    if (reference.digest !== undefined) {
      throw new EngineError("invalid", "cannot push a digest reference");
    }
    emit({ status: `The push refers to repository [${repositoryOf(reference)}]` });
    const tagged = this.#tagged(reference);
    if (tagged.length === 0) {
      const { domain, path } = reference;
      const message =
        this.#tagged({ domain, path }).length === 0
          ? `An image does not exist locally with the tag: ${familiarRepository(reference)}`
          : `tag does not exist: ${familiarName(reference)}`;
      throw new EngineError("not-found", message);
    }
    // The first failure ends the other uploads.
    const failure = new AbortController();
    const signal = AbortSignal.any([access.signal, failure.signal]);
    const session = this.#ports.registry.open(reference, {
      actions: "push",
      resource: "image",
      ...access,
      signal,
    });
    for (const one of tagged) await this.#pushTag(session, one, { emit, signal, failure });
  }

  /** The image of a tag, or of each tag of a repository. */
  #tagged(wanted: Reference): readonly TaggedImage[] {
    const all = this.#ports.state.images.list().flatMap((image) =>
      image.tags.flatMap((name): TaggedImage[] => {
        const { tag, ...repository } = parseReference(name);
        return tag === undefined ? [] : [{ image, reference: { ...repository, tag } }];
      }),
    );
    return all
      .filter(
        ({ reference }) =>
          reference.domain === wanted.domain &&
          reference.path === wanted.path &&
          (wanted.tag === undefined || reference.tag === wanted.tag),
      )
      .sort((a, b) => (a.reference.tag < b.reference.tag ? -1 : 1));
  }

  async #pushTag(
    session: RegistrySession,
    { image, reference }: TaggedImage,
    { emit, signal, failure }: PushContext,
  ): Promise<void> {
    const { content, events } = this.#ports;
    const { manifest, config, layers } = await outgoingImage(content, image);
    const alsoIn = sourcesOf(image, reference);
    const limit = new ConcurrencyLimit(parallelUploads);
    const uploads = layers
      .map((layer, at) => ({ ...layer, progress: new LayerProgress(image.layers[at] ?? layer.digest, emit) }))
      .toReversed()
      .map((layer) => {
        layer.progress.say("Preparing");
        return layer;
      })
      .map(async ({ digest, sizeBytes, progress }) => {
        const outcome = await limit.run(
          async () => {
            signal.throwIfAborted();
            return await session.upload(
              { digest, sizeBytes, alsoIn, open: () => content.read(digest) },
              progress.bytes("Pushing", sizeBytes),
            );
          },
          () => progress.say("Waiting"),
        );
        progress.say(saying(outcome));
      });
    for (const upload of uploads) upload.catch((error: unknown) => failure.abort(error));
    await Promise.allSettled(uploads);
    signal.throwIfAborted();
    await session.upload({ ...config, alsoIn, open: () => content.read(config.digest) });
    const digest = await session.putManifest(reference.tag, manifest.mediaType, manifest.bytes);
    this.#noteDigest(image.id, reference, digest);
    const size = manifest.bytes.byteLength;
    emit({ status: `${reference.tag}: digest: ${digest} size: ${size}` });
    emit({ progressDetail: {}, aux: { Tag: reference.tag, Digest: digest, Size: size } });
    const attributes = { name: familiarRepository(reference) };
    events.publish({ type: "image", action: "push", id: familiarName(reference), attributes });
  }

  /** The image may be gone by now. */
  #noteDigest(id: Digest, reference: Reference, digest: Digest): void {
    const { state } = this.#ports;
    state.transaction(() => {
      const image = state.images.get(id);
      if (image === undefined) return;
      this.#images.add({ ...image, repoDigests: [`${familiarRepository(reference)}@${digest}`] }, undefined);
    });
  }
}

type Outcome = Awaited<ReturnType<RegistrySession["upload"]>>;

function saying(outcome: Outcome): string {
  if (outcome === "sent") return "Pushed";
  return outcome === "exists" ? "Layer already exists" : `Mounted from ${outcome.mountedFrom}`;
}

/** Other repositories of the same registry that it was pulled from or pushed to. */
function sourcesOf(image: ImageRecord, target: Reference): readonly string[] {
  const paths = image.repoDigests
    .map((name) => parseReference(name))
    .filter(({ domain, path }) => domain === target.domain && path !== target.path)
    .map(({ path }) => path);
  return [...new Set(paths)];
}
