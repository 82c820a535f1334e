import { detailsText } from "../log/log-attributes.ts";
import type { LogEntry } from "../ports/logs.ts";

const newline = 0x0a;
const none = new Uint8Array(0);
const encoder = new TextEncoder();

/** An entry's bytes as they were written: a whole line with its newline, a part of one without. */
export function outputBytes({ bytes, partial }: LogEntry, prefix = ""): Uint8Array {
  if (partial && prefix === "") return bytes;
  const before = prefix === "" ? none : encoder.encode(prefix);
  const whole = new Uint8Array(before.length + bytes.length + (partial ? 0 : 1));
  whole.set(before);
  whole.set(bytes, before.length);
  if (!partial) whole[whole.length - 1] = newline;
  return whole;
}

export interface LinePrefixOptions {
  readonly timestamps: boolean;
  readonly details: boolean;
}

/** What stands before the first part of each line, of each stream for itself: the time, and what the log options put with it. */
export class LinePrefixes {
  readonly #options: LinePrefixOptions;
  readonly #inLine = new Set<LogEntry["stream"]>();

  constructor(options: LinePrefixOptions) {
    this.#options = options;
  }

  of({ stream, partial, timestamp, attributes = {} }: LogEntry): string {
    const goesOn = this.#inLine.has(stream);
    if (partial) this.#inLine.add(stream);
    else this.#inLine.delete(stream);
    if (goesOn) return "";
    const time = this.#options.timestamps ? `${timestamp} ` : "";
    return this.#options.details ? `${time}${detailsText(attributes)} ` : time;
  }
}
