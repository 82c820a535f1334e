import type { ByteStream } from "./byte-stream.ts";

/** Compresses layers. The same bytes give the same result on one machine and version. */
export interface Compression {
  gzip(source: ByteStream): ByteStream;
}
