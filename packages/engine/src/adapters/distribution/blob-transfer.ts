import type { Descriptor, Digest } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { canceledRequest, requestFailure } from "./registry-errors.ts";
import { bodyOf, discardBody, headerOf, type RegistryResponse } from "./registry-response.ts";
import type { RemoteRepository } from "./remote-repository.ts";

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
