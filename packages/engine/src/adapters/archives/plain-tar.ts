import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { detectCompression, peekStart } from "../../core/compression-format.ts";
import { EngineError } from "../../core/errors.ts";
import { interruptible } from "../../core/interruptible.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { TarFormatError, type TarPart } from "../../core/tar/tar-entry.ts";
import { TarParser } from "../../core/tar/tar-parser.ts";

/** The parts of a tar archive, which may be compressed with gzip. */
export async function* tarParts(
  source: ByteStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<TarPart, void, undefined> {
  const parser = new TarParser();
  for await (const chunk of plain(interruptible(source, signal))) yield* parser.push(chunk);
  parser.end();
}

async function* plain(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, stream } = await peekStart(source);
  const format = detectCompression(start);
  if (format === "none") yield* stream;
  else if (format === "gzip") yield* gunzip(stream);
  else throw new TarFormatError(`compressed with ${format}, which is not accepted here`);
}

async function* gunzip(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = createGunzip();
  const feeding = pipeline(source, decoder).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  try {
    for await (const chunk of decoder) yield chunk;
    const failure = await feeding;
    if (failure !== undefined) throw failure.error;
  } finally {
    decoder.destroy();
    await feeding;
  }
}

/** Reading was stopped by the signal. */
export const canceled = (action: string, cause: unknown): EngineError =>
  new EngineError("canceled", `${action}: canceled`, { cause });
