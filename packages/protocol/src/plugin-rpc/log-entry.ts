// The protobuf message LogEntry, and how it is framed in a log plugin's FIFO and in the answer to ReadLogs: its length as a big-endian
// uint32, then the message. https://github.com/moby/moby/blob/v28.5.2/api/types/plugins/logdriver/entry.proto

export interface LogEntryMessage {
  readonly source: string;
  /** Nanoseconds since 1970. */
  readonly timeNano: bigint;
  /** Without the newline. */
  readonly line: Uint8Array;
  /** A piece of a line. */
  readonly partial: boolean;
  /** Which piece, of a line that has an end: from 1. */
  readonly piece?: { readonly last: boolean; readonly id: string; readonly ordinal: number } | undefined;
}

const field = { source: 1, timeNano: 2, line: 3, partial: 4, piece: 5 } as const;
const pieceField = { last: 1, id: 2, ordinal: 3 } as const;
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message with its length before it. */
export function encodeLogEntry(entry: LogEntryMessage): Uint8Array {
  const fields = new FieldWriter();
  fields.bytes(field.source, encoder.encode(entry.source));
  fields.varint(field.timeNano, BigInt.asUintN(64, entry.timeNano));
  fields.bytes(field.line, entry.line);
  fields.varint(field.partial, entry.partial ? 1n : 0n);
  if (entry.piece !== undefined) {
    const piece = new FieldWriter();
    piece.varint(pieceField.last, entry.piece.last ? 1n : 0n);
    piece.bytes(pieceField.id, encoder.encode(entry.piece.id));
    piece.varint(pieceField.ordinal, BigInt(entry.piece.ordinal));
    fields.message(field.piece, piece);
  }
  const framed = new Uint8Array(4 + fields.length);
  new DataView(framed.buffer).setUint32(0, fields.length);
  fields.copyTo(framed, 4);
  return framed;
}

/** Values that are zero are left out, as proto3 has it. */
class FieldWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  varint(number: number, value: bigint): void {
    if (value !== 0n) this.#push(Uint8Array.from([(number << 3) | wire.varint, ...varintBytes(value)]));
  }

  bytes(number: number, value: Uint8Array): void {
    if (value.length > 0) this.#pushBytes(number, [value], value.length);
  }

  message(number: number, value: FieldWriter): void {
    this.#pushBytes(number, value.#parts, value.#length);
  }

  #pushBytes(number: number, parts: readonly Uint8Array[], length: number): void {
    this.#push(Uint8Array.from([(number << 3) | wire.bytes, ...varintBytes(BigInt(length))]));
    for (const part of parts) this.#push(part);
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }

  copyTo(target: Uint8Array, offset: number): void {
    let at = offset;
    for (const part of this.#parts) {
      target.set(part, at);
      at += part.length;
    }
  }
}

function varintBytes(value: bigint): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** What was read is no such message. */
export class LogEntryError extends Error {
  override readonly name = "LogEntryError";
}

/** The message without its length; unknown fields are passed over. */
export function decodeLogEntry(message: Uint8Array): LogEntryMessage {
  let source = "";
  let timeNano = 0n;
  let line: Uint8Array = new Uint8Array(0);
  let partial = false;
  let piece: LogEntryMessage["piece"];
  for (const { number, bytes, value } of fieldsOf(message)) {
    if (number === field.source && bytes !== undefined) source = decoder.decode(bytes);
    else if (number === field.timeNano && value !== undefined) timeNano = BigInt.asIntN(64, value);
    else if (number === field.line && bytes !== undefined) line = bytes;
    else if (number === field.partial && value !== undefined) partial = value !== 0n;
    else if (number === field.piece && bytes !== undefined) piece = decodePiece(bytes);
  }
  return { source, timeNano, line, partial, ...(piece === undefined ? {} : { piece }) };
}

function decodePiece(message: Uint8Array): LogEntryMessage["piece"] {
  let [last, id, ordinal] = [false, "", 0];
  for (const { number, bytes, value } of fieldsOf(message)) {
    if (number === pieceField.last && value !== undefined) last = value !== 0n;
    else if (number === pieceField.id && bytes !== undefined) id = decoder.decode(bytes);
    else if (number === pieceField.ordinal && value !== undefined) ordinal = Number(BigInt.asIntN(32, value));
  }
  return { last, id, ordinal };
}

interface Field {
  readonly number: number;
  readonly bytes?: Uint8Array;
  readonly value?: bigint;
}

function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at];
      if (byte === undefined) throw new LogEntryError("log entry ends within a number");
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new LogEntryError("log entry has a number of over 64 bits");
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw new LogEntryError("log entry ends within a field");
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = varint();
    const number = Number(key >> 3n);
    const type = Number(key & 7n);
    if (number === 0) throw new LogEntryError("log entry has a field of number 0");
    if (type === wire.varint) yield { number, value: varint() };
    else if (type === wire.bytes) yield { number, bytes: take(Number(varint())) };
    else if (type === wire.fixed64) take(8);
    else if (type === wire.fixed32) take(4);
    else throw new LogEntryError(`log entry has a field of unknown kind ${String(type)}`);
  }
}

/** Far more than any engine sends, lines being cut at 16 KiB. */
const maxMessageBytes = 1024 * 1024;

/** Cuts a stream of bytes into entries; keeps the beginning of one until the rest comes. */
export class LogEntrySplitter {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** Whether nothing is left of an unfinished entry. */
  get isAtEnd(): boolean {
    return this.#bytes === 0;
  }

  push(chunk: Uint8Array): readonly LogEntryMessage[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed()) return [];
    let data = joined(this.#chunks, this.#bytes);
    const entries: LogEntryMessage[] = [];
    while (data.length >= 4) {
      const length = lengthOf(data);
      if (data.length < 4 + length) break;
      entries.push(decodeLogEntry(data.subarray(4, 4 + length)));
      data = data.subarray(4 + length);
    }
    this.#chunks = data.length === 0 ? [] : [data];
    this.#bytes = data.length;
    return entries;
  }

  #needed(): number {
    const [first] = this.#chunks;
    return first !== undefined && first.length >= 4 ? 4 + lengthOf(first) : 4;
  }
}

function lengthOf(data: Uint8Array): number {
  const length = new DataView(data.buffer, data.byteOffset, 4).getUint32(0);
  if (length > maxMessageBytes) throw new LogEntryError(`log entry of ${String(length)} bytes`);
  return length;
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
