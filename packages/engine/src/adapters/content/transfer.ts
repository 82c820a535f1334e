import { EngineError, wrapError } from "../../core/errors.ts";
import type { ByteStream, OnBytes } from "../../core/ports/byte-stream.ts";
import type { BlobInfo, TransferOptions } from "../../core/ports/content.ts";
import { isDiskFull } from "./file-error.ts";
import { StagingFile } from "./staging-file.ts";

export type OpenAt = (offsetBytes: number, signal: AbortSignal) => Promise<ByteStream>;

export interface TransferPaths {
  readonly partial: string;
  readonly blob: string;
}

/**
 * Brings one blob into the store, continuing an earlier attempt. A failure of the source keeps what came; a wrong
 * size or digest discards it, and so does a full disk, which others need.
 */
export async function transfer(
  expected: BlobInfo,
  paths: TransferPaths,
  open: OpenAt,
  options: { readonly signal: AbortSignal; readonly onBytes: OnBytes },
): Promise<BlobInfo> {
  const staging = await StagingFile.open(paths.partial);
  try {
    await staging.resume(expected.sizeBytes, options.signal);
    const resumedAt = staging.sizeBytes;
    await receive(staging, expected, open, options);
    if (staging.digest() !== expected.digest && resumedAt > 0) {
      // A power cut can leave a partial file with the right length and the wrong bytes; its rest is not to blame.
      await staging.restart();
      await receive(staging, expected, open, options);
    }
    const digest = staging.digest();
    if (digest !== expected.digest) {
      throw new EngineError("invalid", `blob ${expected.digest}: unexpected digest ${digest}`);
    }
    await staging.commit(paths.blob);
    return expected;
  } catch (error) {
    const isInvalid = error instanceof EngineError && error.kind === "invalid";
    if (isInvalid || isDiskFull(error)) await staging.discard();
    throw error;
  } finally {
    await staging.close();
  }
}

async function receive(
  staging: StagingFile,
  expected: BlobInfo,
  open: OpenAt,
  { signal, onBytes }: { readonly signal: AbortSignal; readonly onBytes: OnBytes },
): Promise<void> {
  if (staging.sizeBytes > 0) onBytes(staging.sizeBytes, expected.sizeBytes);
  if (staging.sizeBytes === expected.sizeBytes) return;
  const source = await open(staging.sizeBytes, signal);
  await drain(source, `blob ${expected.digest}`, { signal }, async (chunk) => {
    if (staging.sizeBytes + chunk.length > expected.sizeBytes) {
      throw new EngineError(
        "invalid",
        `blob ${expected.digest}: unexpected size: more than the expected ${expected.sizeBytes} bytes`,
      );
    }
    await staging.append(chunk);
    onBytes(staging.sizeBytes, expected.sizeBytes);
  });
  if (staging.sizeBytes !== expected.sizeBytes) {
    throw new EngineError(
      "invalid",
      `blob ${expected.digest}: unexpected size ${staging.sizeBytes}, expected ${expected.sizeBytes}`,
    );
  }
}

/** Hands on each chunk before the next is asked for; a failing source is told in the context of `subject`. */
export async function drain(
  source: ByteStream,
  subject: string,
  { signal }: Pick<TransferOptions, "signal">,
  consume: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  try {
    throwIfCanceled(subject, signal);
    for await (const chunk of source) {
      throwIfCanceled(subject, signal);
      await consume(chunk);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throwIfCanceled(subject, signal);
    throw wrapError(subject, error);
  }
}

export function throwIfCanceled(subject: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new EngineError("canceled", `${subject}: context canceled`, { cause: signal.reason });
  }
}
