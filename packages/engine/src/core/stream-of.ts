import type { ByteStream } from "./ports/byte-stream.ts";

/** A stream of bytes that are at hand. */
// oxlint-disable-next-line typescript/require-await -- there is nothing to wait for
export async function* streamOf(bytes: Uint8Array): ByteStream {
  yield bytes;
}
