import { setTimeout as delay } from "node:timers/promises";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { isBrokenOff, isTimeout } from "./registry-errors.ts";

export interface ResumeOptions {
  /** Before the first new attempt; it doubles with each that brings nothing. */
  readonly retryDelayMs: number;
  readonly signal: AbortSignal;
}

/** New attempts in a row; what came in between makes the count start anew. */
const maxAttempts = 5;
/** Less than this is no progress: a server that gives a byte per connection would be asked for ever. */
const progressBytes = 64 * 1024;

/**
 * A blob's bytes from `offsetBytes` on, which go on where a connection broke. The first attempt is made before this
 * answers, so that what a registry refuses is told at once.
 */
export async function resumedBlob(
  openAt: (offsetBytes: number) => Promise<ByteStream>,
  offsetBytes: number,
  options: ResumeOptions,
): Promise<ByteStream> {
  return read(await openAt(offsetBytes), openAt, offsetBytes, options);
}

async function* read(
  first: ByteStream,
  openAt: (offsetBytes: number) => Promise<ByteStream>,
  offsetBytes: number,
  { retryDelayMs, signal }: ResumeOptions,
): ByteStream {
  let position = offsetBytes;
  let counted = offsetBytes;
  let attempts = 0;
  let source: ByteStream | undefined = first;
  for (;;) {
    try {
      source ??= await openAt(position);
      for await (const chunk of source) {
        position += chunk.length;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!isBrokenOff(error) || signal.aborted) throw error;
      if (position - counted >= progressBytes) attempts = 0;
      else if (isTimeout(error)) throw error;
      if (attempts === maxAttempts) throw error;
      counted = position;
      source = undefined;
      // Whoever aborts is told by the next attempt.
      await delay(retryDelayMs * 2 ** attempts, undefined, { signal }).catch(() => undefined);
      attempts += 1;
    }
  }
}
