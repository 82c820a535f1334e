import { encodeLogEntry } from "@davit/protocol";
import type { LogMessage } from "../../core/log/line-assembler.ts";
import type { OutputPosition } from "../../core/log/output-record.ts";
import { wireMessage } from "./log-messages.ts";

/** Where the output goes on once the pipe has taken so many bytes. */
export interface Mark {
  readonly endByte: number;
  readonly position: OutputPosition;
}

/** Entries as the pipe gets them. */
export class Frames {
  readonly marks: Mark[] = [];
  readonly #frames: Uint8Array[] = [];
  #length = 0;

  add(message: LogMessage): void {
    const frame = encodeLogEntry(wireMessage(message));
    this.#frames.push(frame);
    this.#length += frame.length;
  }

  mark(position: OutputPosition): void {
    if (this.marks.at(-1)?.endByte === this.#length) this.marks.pop();
    this.marks.push({ endByte: this.#length, position });
  }

  bytes(): Uint8Array {
    return concatenated(this.#frames);
  }
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What a plugin finds in place of what it did not get. */
export function missingNote(lines: number): Uint8Array {
  const text = `davit: ${String(lines)} lines are missing here: the log driver was too far behind`;
  const frames = new Frames();
  frames.add({ stream: "stderr", timestamp: now(), line: new TextEncoder().encode(text) });
  return frames.bytes();
}

/** As entries have it. */
const now = (): string => `${new Date().toISOString().slice(0, -1)}000000Z`;
