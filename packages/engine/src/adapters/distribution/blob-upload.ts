import { Readable } from "node:stream";
import type { Digest } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { OnBytes } from "../../core/ports/byte-stream.ts";
import type { UploadOutcome, UploadRequest } from "../../core/ports/registry.ts";
import { discardBody, headerOf, type RegistryResponse } from "./registry-response.ts";
import type { RemoteRepository } from "./remote-repository.ts";

export interface UploadSource extends UploadRequest {
  /** The path of another repository of the same registry that has the blob. */
  readonly from: string | undefined;
}

/** A registry may hash and move a large blob between its last byte and its answer. */
const commitTimeoutMs = 300_000;
/** Telling a registry that an upload is off must not hold up whoever called it off. */
const cancelTimeoutMs = 5000;

/**
 * Mounts a blob from another repository, or sends it whole in one request: bounded memory, because the
 * connection's pace is the source's. An upload that fails is cancelled at the registry.
 */
export async function uploadBlob(
  repository: RemoteRepository,
  blob: UploadSource,
  options: { readonly signal: AbortSignal; readonly onBytes: OnBytes | undefined },
): Promise<UploadOutcome> {
  const { signal, onBytes } = options;
  const mount =
    blob.from === undefined ? undefined : await tryMount(repository, blob.digest, blob.from, signal);
  if (mount === "mounted" && blob.from !== undefined) return { mountedFrom: blob.from };
  const location = mount instanceof URL ? mount : await startUpload(repository, signal);
  try {
    const response = await repository.send(withDigest(location, blob.digest), {
      method: "PUT",
      headers: { "content-type": "application/octet-stream", "content-length": String(blob.sizeBytes) },
      body: () => Readable.from(counted(blob, onBytes), { objectMode: false }),
      signal,
      headersTimeoutMs: commitTimeoutMs,
    });
    if (![200, 201, 204].includes(response.status)) {
      throw await repository.failure("PUT", response, undefined);
    }
    await discardBody(response);
    return "sent";
  } catch (error) {
    await cancelUpload(repository, location);
    throw error;
  }
}

/**
 * Asks for a blob to be mounted. A registry that does not do it may begin an upload instead, whose location is answered;
 * one that refuses altogether, for want of access to the other repository, is no failure.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository
 */
async function tryMount(
  repository: RemoteRepository,
  digest: Digest,
  from: string,
  signal: AbortSignal,
): Promise<"mounted" | URL | undefined> {
  const url = repository.url("blobs/uploads/");
  url.searchParams.set("mount", digest);
  url.searchParams.set("from", from);
  const response = await repository
    .send(url, { method: "POST", headers: { "content-length": "0" }, signal })
    .catch((error: unknown) => {
      if (error instanceof EngineError && refusals.has(error.kind)) return undefined;
      throw error;
    });
  if (response === undefined) return undefined;
  await discardBody(response);
  if (response.status === 201) return "mounted";
  return response.status === 202 ? uploadLocation(response) : undefined;
}

const refusals: ReadonlySet<string> = new Set(["unauthorized", "forbidden"]);

async function startUpload(repository: RemoteRepository, signal: AbortSignal): Promise<URL> {
  const response = await repository.send(repository.url("blobs/uploads/"), {
    method: "POST",
    headers: { "content-length": "0" },
    signal,
  });
  if (![200, 201, 202, 204].includes(response.status)) {
    throw await repository.failure("POST", response, undefined);
  }
  await discardBody(response);
  const location = uploadLocation(response);
  if (location !== undefined) return location;
  throw new EngineError(
    "unavailable",
    `registry ${response.url.host}: no usable upload location in its answer`,
  );
}

function uploadLocation(response: RegistryResponse): URL | undefined {
  const header = headerOf(response, "location");
  const location = header === undefined ? null : URL.parse(header, response.url.href);
  return location?.protocol === "http:" || location?.protocol === "https:" ? location : undefined;
}

/** The upload has failed already and that is what is told; a registry that does not hear of it forgets it in time. */
async function cancelUpload(repository: RemoteRepository, location: URL): Promise<void> {
  try {
    const signal = AbortSignal.timeout(cancelTimeoutMs);
    await discardBody(await repository.send(location, { method: "DELETE", signal }));
  } catch (error) {
    repository.logger?.debug({ endpoint: location.origin, err: error }, "could not cancel an upload");
  }
}

/** Appended by hand: parsing and writing the query anew could change what the registry put there. */
function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

async function* counted(blob: UploadSource, onBytes: OnBytes | undefined): AsyncGenerator<Uint8Array> {
  let current = 0;
  for await (const chunk of blob.open()) {
    yield chunk;
    current += chunk.length;
    onBytes?.(current, blob.sizeBytes);
  }
}
