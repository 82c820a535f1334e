import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { Compression } from "../../core/ports/compression.ts";

/** Layers are written once and read often, mostly over fast networks: speed before the last percent of size. */
const level = 4;
const chunkSize = 256 * 1024;

export const compression: Compression = { gzip };

async function* gzip(source: ByteStream): ByteStream {
  const packer = createGzip({ level, chunkSize });
  const feeding = pipeline(source, packer);
  // A failure of the source destroys the packer, whose reader below is the one to hear of it.
  feeding.catch(() => undefined);
  yield* packer;
}
