import {
  type Digest,
  indexSchema,
  isIndexType,
  type Manifest,
  manifestSchema,
  type RegistryAuth,
} from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import { manifestForPlatform, type Platform, parsePlatform } from "../../core/image/platform.ts";
import type { Registry, RegistrySession, RemoteManifest } from "../../core/ports/registry.ts";
import { familiarName, familiarRepository, parseReference, type Reference } from "../../core/reference.ts";
import { streamOf } from "../../core/stream-of.ts";
import { fetchBlob, fetchLayers } from "./fetch-layers.ts";
import { readImageConfig } from "./image-config.ts";
import type { Images, ImagesPorts } from "./images.ts";
import { parseWire } from "./parse-wire.ts";
import type { EmitProgress } from "./pull-progress.ts";
import { requireImage } from "./require-image.ts";
import { blobsOf } from "./store-layer.ts";

export interface ImagePullerPorts extends ImagesPorts {
  readonly registry: Registry;
  /** The engine's own. */
  readonly platform: Platform;
}

export interface PullRequest {
  /** As typed, with or without a tag or digest. */
  readonly image: string;
  /** A tag or digest that beats that of `image`; `""` for none. */
  readonly tag: string;
  /** `linux/amd64`; `""` for the engine's own. */
  readonly platform: string;
  readonly auth: RegistryAuth | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Brings images from registries: layers come side by side and are unpacked bottom first as they are there. */
export class ImagePuller {
  readonly #ports: ImagePullerPorts;
  readonly #images: Images;

  constructor(ports: ImagePullerPorts, images: Images) {
    this.#ports = ports;
    this.#images = images;
  }

  /** Nothing is told before the manifest is there; what fails until then is thrown before the first line. */
  pull(request: PullRequest, emit: EmitProgress): Promise<void> {
    return this.#ports.garbage.withLease(() => this.#pull(request, emit));
  }

  async #pull(request: PullRequest, emit: EmitProgress): Promise<void> {
    const reference = pullReference(request.image, request.tag);
    const platform = parsePlatform(request.platform, this.#ports.platform);
    const session = this.#ports.registry.open(reference, {
      actions: "pull",
      resource: "image",
      auth: request.auth,
      headers: request.headers,
      signal: request.signal,
    });
    const which = reference.digest ?? reference.tag ?? "latest";
    const top = await topManifest(session, which, reference);
    emit({ status: `Pulling from ${reference.path}`, id: which });
    const remote = await this.#forPlatform(session, top, platform);
    const manifest = parseWire(manifestSchema, remote.bytes, `read manifest ${remote.digest}`);
    const id = manifest.config.digest;
    const isNew = this.#ports.state.images.get(id) === undefined;
    if (isNew)
      await this.#fetchImage(session, { manifest, remotes: [top, remote], emit, signal: request.signal });
    const name = familiarName(reference);
    const hadName = this.#images.find(name)?.image.id === id;
    this.#name(id, reference, top.digest);
    emit({ status: `Digest: ${top.digest}` });
    const isUpToDate = !isNew && hadName;
    emit({
      status: isUpToDate
        ? `Status: Image is up to date for ${name}`
        : `Status: Downloaded newer image for ${name}`,
    });
    if (request.platform !== "") await this.#warnOfPlatform(id, request.image, platform, emit);
    this.#ports.events.publish({
      type: "image",
      action: "pull",
      id: name,
      attributes: { name: familiarRepository(reference) },
    });
  }

  /** An image without an index is taken whatever it is for. */
  async #warnOfPlatform(id: Digest, typed: string, platform: Platform, emit: EmitProgress): Promise<void> {
    const image = this.#ports.state.images.get(id);
    if (image === undefined) return;
    const mismatch = await this.#images.platformMismatch(typed, image, platform);
    if (mismatch !== undefined) emit({ status: `WARNING: ${mismatch}` });
  }

  async #forPlatform(
    session: RegistrySession,
    top: RemoteManifest,
    platform: Platform,
  ): Promise<RemoteManifest> {
    if (!isIndexType(top.mediaType)) return top;
    const index = parseWire(indexSchema, top.bytes, `read index ${top.digest}`);
    return session.manifest(manifestForPlatform(index, platform).digest);
  }

  async #fetchImage(
    session: RegistrySession,
    pull: {
      readonly manifest: Manifest;
      readonly remotes: readonly RemoteManifest[];
      readonly emit: EmitProgress;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { manifest, signal } = pull;
    requireImage(manifest);
    const { content } = this.#ports;
    await fetchBlob(content, session, manifest.config, { signal });
    const config = await readImageConfig(content, manifest.config.digest);
    if (config.os !== "linux") {
      throw new EngineError(
        "invalid",
        `image operating system "${config.os}" cannot be used on this platform`,
      );
    }
    const diffIds = config.rootfs.diff_ids;
    if (diffIds.length !== manifest.layers.length) {
      throw new EngineError(
        "invalid",
        `pull image ${manifest.config.digest}: ${manifest.layers.length} layers but ${diffIds.length} diff IDs`,
      );
    }
    const unpacked = await fetchLayers(this.#ports, session, { layers: manifest.layers, diffIds, ...pull });
    const remotes = await Promise.all(pull.remotes.map(({ bytes }) => content.write(streamOf(bytes))));
    this.#images.add(
      {
        id: manifest.config.digest,
        createdAt: config.created ?? "1970-01-01T00:00:00Z",
        layers: diffIds,
        layerBlobs: blobsOf(unpacked),
        manifestDigest: remotes.at(-1)?.digest,
        sizeBytes: unpacked.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        blobs: [
          manifest.config.digest,
          ...remotes.map(({ digest }) => digest),
          ...blobsOf(unpacked).map(({ digest }) => digest),
        ],
        tags: [],
        repoDigests: [],
      },
      undefined,
    );
  }

  #name(id: Digest, reference: Reference, digest: Digest): void {
    const record = this.#ports.state.images.get(id);
    if (record === undefined) throw new EngineError("internal", `name image ${id}: it is not there`);
    const repoDigests = [`${familiarRepository(reference)}@${digest}`];
    const tag = reference.digest === undefined ? familiarName(reference) : undefined;
    this.#images.add({ ...record, repoDigests }, tag);
  }
}

/** In the Engine's words if it is not there. */
async function topManifest(
  session: RegistrySession,
  which: string,
  reference: Reference,
): Promise<RemoteManifest> {
  try {
    return await session.manifest(which);
  } catch (error) {
    if (!(error instanceof EngineError && error.kind === "not-found")) throw error;
    const message = `manifest for ${familiarName(reference)} not found: manifest unknown: manifest unknown`;
    throw new EngineError("not-found", message, { cause: error });
  }
}

/** What `fromImage` and `tag` name together. */
function pullReference(image: string, tag: string): Reference {
  const named = parseReference(image);
  if (tag === "") {
    if (named.tag !== undefined || named.digest !== undefined) return named;
    throw new EngineError(
      "not-implemented",
      `pull all tags of ${familiarRepository(named)}: not supported: name the tag, or pull each by itself`,
    );
  }
  const repository = familiarRepository(named);
  return parseReference(tag.includes(":") ? `${repository}@${tag}` : `${repository}:${tag}`);
}
