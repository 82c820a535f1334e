import { type Descriptor, type Digest, isDigest } from "@davit/protocol";
import { EngineError, isCanceled } from "../../core/errors.ts";
import type { ByteStream, OnBytes } from "../../core/ports/byte-stream.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  RegistryAccess,
  RegistrySession,
  RemoteManifest,
  UploadOutcome,
  UploadRequest,
} from "../../core/ports/registry.ts";
import { type Reference, repositoryOf } from "../../core/reference.ts";
import { abortable } from "./abortable.ts";
import type { BlobSources } from "./blob-sources.ts";
import { downloadBlob, hasBlob } from "./blob-transfer.ts";
import { uploadBlob } from "./blob-upload.ts";
import type { Endpoint } from "./endpoints.ts";
import { canceledRequest, moreAdvanced, requestFailure } from "./registry-errors.ts";
import { discardBody, headerOf } from "./registry-response.ts";
import { digestOf, manifestAccept, readManifest } from "./remote-manifest.ts";
import { RemoteRepository } from "./remote-repository.ts";
import { resumedBlob } from "./resumed-blob.ts";
import type { Transport } from "./transport.ts";

export interface SessionOptions {
  readonly reference: Reference;
  readonly access: RegistryAccess;
  readonly transport: Transport;
  readonly endpoints: () => Promise<Endpoint[]>;
  readonly sources: BlobSources;
  readonly retryDelayMs: number;
  readonly logger: Logger | undefined;
}

const tagPattern = /^[\w][\w.-]{0,127}$/;

/** One repository during one operation, at the first of its endpoints that answers. */
export class Session implements RegistrySession {
  readonly #options: SessionOptions;
  #repositories: Promise<RemoteRepository[]> | undefined;
  #chosen: RemoteRepository | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  async manifest(which: string): Promise<RemoteManifest> {
    const { signal } = this.#options.access;
    const name = this.#nameOf(which);
    const manifest = await this.#try(async (repository) => {
      const url = repository.url(`manifests/${which}`);
      const response = await repository.send(url, {
        method: "GET",
        headers: { accept: manifestAccept },
        signal,
      });
      if (response.status !== 200) throw await repository.failure("GET", response, name);
      return await readManifest(response, which, name).catch((error: unknown) => {
        throw signal.aborted ? canceledRequest("GET", url, signal) : requestFailure("GET", url, error);
      });
    });
    return manifest;
  }

  async blob(descriptor: Descriptor, offsetBytes: number, signal: AbortSignal): Promise<ByteStream> {
    const name = this.#nameOf(descriptor.digest);
    const either = AbortSignal.any([this.#options.access.signal, signal]);
    const openAt = async (offset: number): Promise<ByteStream> =>
      await this.#try(
        async (repository) =>
          await downloadBlob(repository, descriptor, { offsetBytes: offset, name, signal: either }),
      );
    const { retryDelayMs, sources } = this.#options;
    const stream = await resumedBlob(openAt, offsetBytes, { retryDelayMs, signal: either });
    if (this.#chosen?.endpoint.mirrorOf === undefined)
      sources.add(this.#options.reference, descriptor.digest);
    return stream;
  }

  async upload(blob: UploadRequest, onBytes?: OnBytes): Promise<UploadOutcome> {
    const { reference, sources, access } = this.#options;
    const { signal } = access;
    const { repository, exists } = await this.#try(async (repository) => ({
      repository,
      exists: await hasBlob(repository, blob.digest, signal),
    }));
    const known = [...(blob.alsoIn ?? []), ...sources.of(reference.domain, blob.digest)];
    const [from] = known.filter((path) => path !== reference.path);
    const outcome = exists ? "exists" : await uploadBlob(repository, { ...blob, from }, { signal, onBytes });
    sources.add(reference, blob.digest);
    return outcome;
  }

  async putManifest(tag: string, mediaType: string, bytes: Uint8Array): Promise<Digest> {
    const { signal } = this.#options.access;
    const digest = digestOf(bytes);
    const name = this.#nameOf(tag);
    const { repository, current } = await this.#try(async (repository) => {
      const response = await repository.send(repository.url(`manifests/${tag}`), {
        method: "HEAD",
        headers: { accept: `${mediaType}, */*` },
        signal,
      });
      if (response.status !== 200 && response.status !== 404) {
        throw await repository.failure("HEAD", response, name);
      }
      await discardBody(response);
      const current = response.status === 200 ? headerOf(response, "docker-content-digest") : undefined;
      return { repository, current };
    });
    if (current === digest) return digest;
    const response = await repository.send(repository.url(`manifests/${tag}`), {
      method: "PUT",
      headers: { "content-type": mediaType },
      body: bytes,
      signal,
    });
    if (![200, 201, 204].includes(response.status))
      throw await repository.failure("PUT", response, undefined);
    await discardBody(response);
    return digest;
  }

  /**
   * Runs `action` at one endpoint after another until it succeeds. The first that did stays for the rest of the
   * session; only from a mirror is there a way on. Of several failures the most advanced is told.
   */
  async #try<T>(action: (repository: RemoteRepository) => Promise<T>): Promise<T> {
    let failure: unknown;
    for (const repository of await this.#candidates()) {
      try {
        const result = await action(repository);
        this.#chosen ??= repository;
        return result;
      } catch (error) {
        if (isCanceled(error) || this.#options.access.signal.aborted) throw error;
        failure = moreAdvanced(failure, error);
        this.#options.logger?.debug(
          { endpoint: repository.endpoint.base.origin, error },
          "registry endpoint failed",
        );
      }
    }
    throw failure;
  }

  async #candidates(): Promise<readonly RemoteRepository[]> {
    const { reference, access, transport, endpoints, logger } = this.#options;
    this.#repositories ??= endpoints().then((all) =>
      all.map((endpoint) => new RemoteRepository({ endpoint, reference, access, transport, logger })),
    );
    const action = `open ${repositoryOf(reference)}`;
    const repositories = await abortable(action, this.#repositories, access.signal);
    if (this.#chosen === undefined) return repositories;
    if (this.#chosen.endpoint.mirrorOf === undefined) return [this.#chosen];
    return repositories.slice(repositories.indexOf(this.#chosen));
  }

  #nameOf(which: string): string {
    const repository = repositoryOf(this.#options.reference);
    if (isDigest(which)) return `${repository}@${which}`;
    if (!tagPattern.test(which))
      throw new EngineError("invalid", `${repository}: invalid tag or digest ${which}`);
    return `${repository}:${which}`;
  }
}
