import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { detectCompression, peekStart } from "../../core/compression-format.ts";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { startFailure } from "../../linux/run-program.ts";
import { toolEnvironment } from "./tool.ts";
import { WatchedSource } from "./watched-source.ts";

/** The plain bytes of a stream that may be compressed with gzip, zstd or xz. */
export async function* decompress(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, stream } = await peekStart(source);
  switch (detectCompression(start)) {
    case "gzip":
      yield* gunzip(stream);
      break;
    case "zstd":
    case "xz":
      // Node's zstd decoder ends quietly at a skippable frame; Node knows no xz.
      yield* bsdcat(stream);
      break;
    case "none":
      yield* stream;
      break;
  }
}

async function* gunzip(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = createGunzip({ chunkSize: 128 * 1024 });
  yield* through(source, decoder, (error) => invalid(`gzip: ${messageOf(error)}`, error));
}

async function* bsdcat(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  const child = spawn("bsdcat", [], { env: toolEnvironment(), stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < 4096) stderr += text;
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(startFailure("bsdcat", error)));
    child.once("close", resolve);
  });
  const watched = new WatchedSource(source);
  const feeding = pipeline(watched, child.stdin).then(
    () => undefined,
    (error: unknown) => {
      child.kill("SIGKILL");
      return { error };
    },
  );
  try {
    for await (const chunk of child.stdout) yield chunk;
    const code = await closed;
    if (watched.failure !== undefined) throw watched.failure.error;
    if (code !== 0 && stderr !== "") {
      throw invalid(
        stderr
          .trim()
          .replaceAll(/bsdcat: (?:<stdin>: )?/g, "")
          .split("\n")
          .join("; "),
      );
    }
    const failure = await feeding;
    if (failure !== undefined) throw failure.error;
    if (code !== 0) throw invalid(`bsdcat ended with ${code ?? "a signal"}`);
  } finally {
    child.kill("SIGKILL");
    await Promise.allSettled([closed, feeding]);
  }
}

/** Tells a failure of the decoder, which is about the bytes, from one of the source. */
async function* through(
  source: ByteStream,
  decoder: Duplex,
  broken: (error: unknown) => EngineError,
): AsyncGenerator<Uint8Array, void, undefined> {
  const watched = new WatchedSource(source);
  const feeding = pipeline(watched, decoder).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  try {
    for await (const chunk of decoder) yield chunk;
  } catch (error) {
    throw watched.failure === undefined ? broken(error) : watched.failure.error;
  } finally {
    decoder.destroy();
    await feeding;
  }
}

const invalid = (message: string, cause?: unknown): EngineError =>
  new EngineError("invalid", message, { cause });
