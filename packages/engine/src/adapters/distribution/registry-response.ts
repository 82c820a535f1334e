import type { Readable } from "node:stream";
import { EngineError } from "../../core/errors.ts";

/** An answer, its body not yet read; whoever gets one reads or discards it. */
export interface RegistryResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
  /** Where it came from in the end. */
  readonly url: URL;
}

export function headerOf(response: RegistryResponse, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** The media type without parameters, in lower case; `""` if there is none. */
export const contentTypeOf = (response: RegistryResponse): string =>
  (headerOf(response, "content-type") ?? "").split(";", 1).join("").trim().toLowerCase();

/** The whole of a small body; stops and fails as soon as it is larger than the limit. */
export async function readLimited(response: RegistryResponse, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of bodyOf(response)) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      throw new EngineError("invalid", `answer of ${response.url.origin} is larger than ${limitBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body's bytes; leaving the loop early closes the connection. */
export async function* bodyOf(response: RegistryResponse): AsyncGenerator<Uint8Array> {
  for await (const chunk of response.body) {
    if (!(chunk instanceof Uint8Array)) throw new EngineError("internal", "response body is not binary");
    yield chunk;
  }
}

/** Lets go of an answer whose body does not matter, keeping the connection where little is left of it. */
export async function discardBody(response: RegistryResponse): Promise<void> {
  const limitBytes = 64 * 1024;
  try {
    await readLimited(response, limitBytes);
  } catch {
    // A connection that breaks while nothing is wanted from it any more is no failure.
    response.body.destroy();
  }
}
