import { Readable } from "node:stream";
import type { Descriptor, Digest } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { ByteStream, OnBytes } from "../../core/ports/byte-stream.ts";
import { canceledRequest, requestFailure } from "./registry-errors.ts";
import { bodyOf, discardBody, headerOf, type RegistryResponse } from "./registry-response.ts";
import type { RemoteRepository } from "./remote-repository.ts";

export interface UploadSource {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly open: () => ByteStream;
}

/** A registry may hash and move a large blob between its last byte and its answer. */
const commitTimeoutMs = 300_000;

/** A blob's bytes from `offsetBytes` on, whether the server knows ranges or not. */
export async function downloadBlob(
  repository: RemoteRepository,
  descriptor: Descriptor,
  options: { readonly offsetBytes: number; readonly name: string; readonly signal: AbortSignal },
): Promise<ByteStream> {
  const { offsetBytes, name, signal } = options;
  const response = await repository.send(repository.url(`blobs/${descriptor.digest}`), {
    method: "GET",
    headers: {
      accept: `${descriptor.mediaType}, */*`,
      "accept-encoding": "identity",
      ...(offsetBytes > 0 ? { range: `bytes=${offsetBytes}-` } : {}),
    },
    signal,
  });
  if (response.status === 200) return readBlob(response, offsetBytes, signal);
  if (response.status === 206 && offsetBytes > 0) {
    const range = headerOf(response, "content-range") ?? "";
    if (range.startsWith(`bytes ${offsetBytes}-`)) return readBlob(response, 0, signal);
    response.body.destroy();
    throw new EngineError(
      "unavailable",
      `${name}: asked for bytes from ${offsetBytes}, got content range "${range}"`,
    );
  }
  throw await repository.failure("GET", response, name);
}

async function* readBlob(response: RegistryResponse, skipBytes: number, signal: AbortSignal): ByteStream {
  let skipLeft = skipBytes;
  try {
    for await (const chunk of bodyOf(response)) {
      const skipped = Math.min(skipLeft, chunk.length);
      skipLeft -= skipped;
      if (skipped < chunk.length) yield chunk.subarray(skipped);
    }
  } catch (error) {
    if (signal.aborted) throw canceledRequest("GET", response.url, signal);
    throw requestFailure("GET", response.url, error);
  }
}

export async function hasBlob(
  repository: RemoteRepository,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await repository.send(repository.url(`blobs/${digest}`), { method: "HEAD", signal });
  if (response.status !== 200 && response.status !== 404) {
    throw await repository.failure("HEAD", response, undefined);
  }
  await discardBody(response);
  return response.status === 200;
}

/** Sends a whole blob in one request: bounded memory, because the connection's pace is the source's. */
export async function uploadBlob(
  repository: RemoteRepository,
  blob: UploadSource,
  options: { readonly signal: AbortSignal; readonly onBytes: OnBytes | undefined },
): Promise<void> {
  const { signal, onBytes } = options;
  const location = await startUpload(repository, signal);
  const response = await repository.send(withDigest(location, blob.digest), {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", "content-length": String(blob.sizeBytes) },
    body: () => Readable.from(counted(blob, onBytes), { objectMode: false }),
    signal,
    headersTimeoutMs: commitTimeoutMs,
  });
  if (![200, 201, 204].includes(response.status)) throw await repository.failure("PUT", response, undefined);
  await discardBody(response);
}

async function startUpload(repository: RemoteRepository, signal: AbortSignal): Promise<URL> {
  const url = repository.url("blobs/uploads/");
  const response = await repository.send(url, {
    method: "POST",
    headers: { "content-length": "0" },
    signal,
  });
  if (![200, 201, 202, 204].includes(response.status)) {
    throw await repository.failure("POST", response, undefined);
  }
  await discardBody(response);
  const location = URL.parse(headerOf(response, "location") ?? "", response.url.href);
  const usable = location?.protocol === "http:" || location?.protocol === "https:";
  if (headerOf(response, "location") === undefined || location === null || !usable) {
    throw new EngineError("unavailable", `registry ${url.host}: no usable upload location in its answer`);
  }
  return location;
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
