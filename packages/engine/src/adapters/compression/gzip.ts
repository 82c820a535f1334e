import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { Compression } from "../../core/ports/compression.ts";

/** Layers are written once and read often, mostly over fast networks: speed before the last percent of size. */
const level = 4;
const chunkBytes = 256 * 1024;

export const compression: Compression = {
  gzip: (source) =>
    Readable.from(source, { objectMode: false }).compose(createGzip({ level, chunkSize: chunkBytes })),
};
