import {
  type OutputPosition,
  type OutputRecord,
  outputStart,
  type PendingLine,
  type RunMark,
} from "./output-record.ts";

/** The longest piece of a line that a driver is given at once, as at the Engine. */
export const pieceBytes = 16 * 1024;

/** One line of output, or a piece of a long one, as log drivers get it. */
export interface LogMessage {
  readonly stream: "stdout" | "stderr";
  /** Of the line's first byte: RFC 3339, UTC, nine digits of fraction. */
  readonly timestamp: string;
  /** Without the newline. */
  readonly line: Uint8Array;
  /** Of a piece: which line, the how-manieth piece from 1, and whether it is the last. A line without its newline has no last one. */
  readonly piece?: { readonly id: string; readonly ordinal: number; readonly last: boolean };
}

interface Unfinished {
  readonly timestamp: string;
  readonly parts: Uint8Array[];
  bytes: number;
  /** Of each part's record, and what of it was passed on before. */
  readonly starts: { readonly offset: number; readonly skipBytes: number }[];
  id: string;
  pieces: number;
}

/**
 * Makes whole lines of what the monitor wrote, which it cuts wherever its buffer ends; cuts lines of over 16 KiB as the Engine does.
 * What it makes follows from the output alone, so it can be made again from any position.
 */
export class LineAssembler {
  readonly #unfinished = new Map<OutputRecord["stream"], Unfinished>();
  readonly #resumed: Map<OutputRecord["stream"], PendingLine>;
  readonly #from: number;

  readonly #idOf: (offset: number) => string;

  /** `idOf` names the line that begins in the record at an offset. */
  constructor(idOf: (offset: number) => string, position: OutputPosition = outputStart) {
    this.#idOf = idOf;
    this.#from = position.offset;
    this.#resumed = new Map(
      (["stdout", "stderr"] as const).flatMap((stream) => {
        const pending = position.pending[stream];
        return pending === undefined ? [] : [[stream, pending] as const];
      }),
    );
  }

  /** Hands the messages that a record completes to `take`. */
  push(record: OutputRecord | RunMark, take: (message: LogMessage) => void): void {
    if (record.stream === "mark") return this.flush(take);
    let { bytes } = record;
    let skipBytes = 0;
    let line = this.#unfinished.get(record.stream);
    if (record.offset < this.#from) {
      const resumed = this.#resumed.get(record.stream);
      // Passed on whole, before.
      if (resumed === undefined || record.offset < resumed.offset) return;
      if (record.offset === resumed.offset) {
        const { timestamp, id, pieces } = resumed;
        line = { timestamp, parts: [], bytes: 0, starts: [], id, pieces };
        this.#unfinished.set(record.stream, line);
        ({ skipBytes } = resumed);
        bytes = bytes.subarray(skipBytes);
      }
    }
    if (line === undefined) {
      if (!record.partial && bytes.length < pieceBytes) {
        take({ stream: record.stream, timestamp: record.timestamp, line: bytes });
        return;
      }
      line = { timestamp: record.timestamp, parts: [], bytes: 0, starts: [], id: "", pieces: 0 };
      this.#unfinished.set(record.stream, line);
    }
    line.parts.push(bytes);
    line.starts.push({ offset: record.offset, skipBytes });
    line.bytes += bytes.length;
    while (line.bytes >= pieceBytes) this.#takePiece(record.stream, line, pieceBytes, false, take);
    if (record.partial) return;
    this.#unfinished.delete(record.stream);
    if (line.pieces === 0) {
      take({ stream: record.stream, timestamp: line.timestamp, line: join(line.parts, line.bytes) });
    } else {
      this.#takePiece(record.stream, line, line.bytes, true, take);
    }
  }

  /** The output ends here: what has no newline by now gets none. */
  flush(take: (message: LogMessage) => void): void {
    // In one order, whichever began first: who goes on from a later position does not know.
    for (const stream of ["stdout", "stderr"] as const) {
      const line = this.#unfinished.get(stream);
      if (line !== undefined && line.bytes > 0) this.#takePiece(stream, line, line.bytes, false, take);
    }
    this.#unfinished.clear();
  }

  /** Where to go on from, once everything before `offset` was pushed and the messages are passed on. */
  position(offset: number): OutputPosition {
    const pending: Partial<Record<OutputRecord["stream"], PendingLine>> = {};
    for (const [stream, { starts, id, pieces, timestamp }] of this.#unfinished) {
      const first = starts[0];
      if (first !== undefined) pending[stream] = { ...first, id, pieces, timestamp };
    }
    return { offset, pending };
  }

  #takePiece(
    stream: OutputRecord["stream"],
    line: Unfinished,
    length: number,
    last: boolean,
    take: (message: LogMessage) => void,
  ): void {
    if (line.id === "") line.id = this.#idOf(line.starts[0]?.offset ?? 0);
    line.pieces += 1;
    const whole = join(line.parts, line.bytes);
    const { timestamp, id } = line;
    take({ stream, timestamp, line: whole.subarray(0, length), piece: { id, ordinal: line.pieces, last } });
    this.#forget(line, length);
  }

  #forget(line: Unfinished, length: number): void {
    let left = length;
    for (;;) {
      const [part] = line.parts;
      const [start] = line.starts;
      if (part === undefined || start === undefined) break;
      // An emptied last part stays, as the place to go on from.
      if (part.length > left || (part.length === left && line.parts.length === 1)) {
        line.parts[0] = part.subarray(left);
        line.starts[0] = { offset: start.offset, skipBytes: start.skipBytes + left };
        break;
      }
      left -= part.length;
      line.parts.shift();
      line.starts.shift();
    }
    line.bytes -= length;
  }
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
