import { LinePrefixes, type LinePrefixOptions, outputBytes } from "../../core/container/log-line.ts";
import type { LogBatches } from "../../core/ports/logs.ts";

export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
  /** The lines that they are, if they are several. */
  readonly lines?: readonly Uint8Array[];
}

export interface OutputStreams {
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** What is sent at once at most. */
const chunkBytes = 32 * 1024;

/** The bytes of what is wanted of a log, lines of one stream that come together as one chunk. */
export async function* outputChunks(
  batches: LogBatches,
  wanted: OutputStreams & LinePrefixOptions,
): AsyncGenerator<OutputChunk, void, undefined> {
  const prefixes = wanted.timestamps || wanted.details ? new LinePrefixes(wanted) : undefined;
  for await (const entries of batches) {
    let parts: Uint8Array[] = [];
    let bytes = 0;
    let stream: OutputChunk["stream"] = "stdout";
    for (const entry of entries) {
      if (!wanted[entry.stream]) continue;
      if (bytes > 0 && (entry.stream !== stream || bytes >= chunkBytes)) {
        yield { stream, bytes: joined(parts, bytes), lines: parts };
        parts = [];
        bytes = 0;
      }
      ({ stream } = entry);
      const part = outputBytes(entry, prefixes?.of(entry));
      parts.push(part);
      bytes += part.length;
    }
    if (bytes > 0) yield { stream, bytes: joined(parts, bytes), lines: parts };
  }
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
