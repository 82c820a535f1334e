import type { LogEntry } from "../ports/logs.ts";

const newline = Uint8Array.of(0x0a);

/** An entry's bytes as they were written: a whole line with its newline, a part of one without. */
export function outputBytes({ bytes, partial }: LogEntry, prefix = ""): Uint8Array {
  const parts = [new TextEncoder().encode(prefix), bytes, partial ? new Uint8Array(0) : newline];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Puts the time before the first part of each line, of each stream for itself. */
export class LineTimestamps {
  readonly #inLine = new Set<LogEntry["stream"]>();

  prefix({ stream, partial, timestamp }: LogEntry): string {
    const goesOn = this.#inLine.has(stream);
    if (partial) this.#inLine.add(stream);
    else this.#inLine.delete(stream);
    return goesOn ? "" : `${timestamp} `;
  }
}
