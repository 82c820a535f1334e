import { shortId } from "../identifiers.ts";
import type { LogEntry } from "../ports/logs.ts";
import { jsonObject } from "./json-object.ts";
import type { LogMessage } from "./line-assembler.ts";
import { logAttributes } from "./log-attributes.ts";
import { type LogSubject, renderTag } from "./log-tag.ts";

// Entries of systemd's journal: https://systemd.io/JOURNAL_NATIVE_PROTOCOL

/** What labels and variables may add to each entry; the rest of them is left out, so that an entry fits in a datagram. */
const mostExtraBytes = 32 * 1024;

const encoder = new TextEncoder();

/** The fields that go with each line of a run, as JSON; a label or a variable does not take the place of one of ours. */
export function journalFields(subject: LogSubject): string {
  const { id, name, imageName, config } = subject;
  const tag = renderTag(config["tag"] || "{{.ID}}", subject);
  const fields: Record<string, string> = {
    CONTAINER_ID: shortId(id),
    CONTAINER_ID_FULL: id,
    CONTAINER_NAME: name,
    CONTAINER_TAG: tag,
    IMAGE_NAME: imageName,
    SYSLOG_IDENTIFIER: tag,
  };
  let left = mostExtraBytes;
  for (const [key, value] of Object.entries(logAttributes({ ...subject, config: { ...config, tag: "" } }))) {
    const field = fieldName(key);
    left -= field.length + encoder.encode(value).length;
    if (left < 0) break;
    if (field !== "" && !isReserved(field)) fields[field] = value;
  }
  return JSON.stringify(fields);
}

/** As the Engine makes them: upper-case letters, digits and underscores, none of which comes first. Empty where the journal takes none such. */
function fieldName(key: string): string {
  const name = key
    .replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())
    .replaceAll(/[^A-Z0-9]/gu, "_")
    .replace(/^_+/, "");
  return /^\d/.test(name) || name.length > 64 ? "" : name;
}

/** Of what an entry is known by. */
const isReserved = (name: string): boolean =>
  /^CONTAINER_(?:ID|ID_FULL|NAME|TAG|PARTIAL_.*|LOG_.*)$/.test(name) ||
  ["MESSAGE", "PRIORITY", "IMAGE_NAME", "SYSLOG_IDENTIFIER", "SYSLOG_TIMESTAMP"].includes(name);

/** Makes entries of one run's messages. */
export function journalEncoder(fields: string): (message: LogMessage) => Uint8Array {
  const common = Object.entries(jsonObject(fields) ?? {})
    .map(([name, value]) => (typeof value === "string" ? journalField(name, value) : nothing))
    .reduce(joined, nothing);
  return ({ stream, timestamp, line, piece }) => {
    const own: Record<string, string> = {
      PRIORITY: stream === "stderr" ? priorities.stderr : priorities.stdout,
      SYSLOG_TIMESTAMP: timestamp,
    };
    if (piece !== undefined) {
      own["CONTAINER_PARTIAL_ID"] = piece.id;
      own["CONTAINER_PARTIAL_ORDINAL"] = String(piece.ordinal);
      own["CONTAINER_PARTIAL_LAST"] = String(piece.last);
      if (!piece.last) own["CONTAINER_PARTIAL_MESSAGE"] = "true";
    }
    const text = Object.entries(own)
      .map(([name, value]) => `${name}=${value}\n`)
      .join("");
    return joined(joined(common, encoder.encode(text)), journalField("MESSAGE", line));
  };
}

/** err and info, as syslog numbers them. */
const priorities = { stderr: "3", stdout: "6" };
const nothing = new Uint8Array(0);
const newline = 0x0a;

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}

/** A value with a newline in it has its length before it. */
export function journalField(name: string, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  const isPlain = !bytes.includes(newline);
  const head = encoder.encode(isPlain ? `${name}=` : `${name}\n`);
  const lengthBytes = isPlain ? 0 : 8;
  const field = new Uint8Array(head.length + lengthBytes + bytes.length + 1);
  field.set(head);
  if (!isPlain) new DataView(field.buffer).setBigUint64(head.length, BigInt(bytes.length), true);
  field.set(bytes, head.length + lengthBytes);
  field[field.length - 1] = newline;
  return field;
}

export interface JournalRecord {
  readonly cursor: string;
  /** Absent where another program has made it without them. */
  readonly epoch: string | undefined;
  readonly ordinal: number;
  /** Which piece of a long line it is, from 1. */
  readonly piece: number;
  readonly entry: LogEntry;
}

/** A line of `journalctl -o json`; undefined for what is none. */
export function parseJournalRecord(text: string): JournalRecord | undefined {
  const value = jsonObject(text);
  const cursor = value?.["__CURSOR"];
  if (value === undefined || typeof cursor !== "string") return undefined;
  const attributes: Record<string, string> = {};
  for (const [name, field] of Object.entries(value)) {
    if (typeof field === "string" && !name.startsWith("_") && !isReserved(name) && !isWellKnown(name)) {
      attributes[name] = field;
    }
  }
  const epoch = value["CONTAINER_LOG_EPOCH"];
  return {
    cursor,
    epoch: typeof epoch === "string" ? epoch : undefined,
    ordinal: Number(value["CONTAINER_LOG_ORDINAL"] ?? 0),
    piece: Number(value["CONTAINER_PARTIAL_ORDINAL"] ?? 1),
    entry: {
      stream: value["PRIORITY"] === priorities.stderr ? "stderr" : "stdout",
      timestamp: timestampOf(value),
      bytes: bytesOf(value["MESSAGE"]),
      partial: value["CONTAINER_PARTIAL_MESSAGE"] === "true",
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
    },
  };
}

const isWellKnown = (name: string): boolean =>
  ["MESSAGE_ID", "CODE_FILE", "CODE_LINE", "CODE_FUNC", "ERRNO", "SYSLOG_FACILITY", "SYSLOG_PID"].includes(
    name,
  );

/** The line's own time, or else when the journal got it. */
function timestampOf(fields: Readonly<Record<string, unknown>>): string {
  const own = fields["SYSLOG_TIMESTAMP"];
  const match =
    typeof own === "string" ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(own) : null;
  if (match !== null) return `${match[1] ?? ""}.${(match[2] ?? "").padEnd(9, "0")}Z`;
  const micros = Number(fields["__REALTIME_TIMESTAMP"] ?? 0);
  const seconds = new Date(Math.floor(micros / 1_000_000) * 1000).toISOString().slice(0, -5);
  return `${seconds}.${String(micros % 1_000_000).padStart(6, "0")}000Z`;
}

/** What is no text comes as numbers. */
function bytesOf(message: unknown): Uint8Array {
  if (typeof message === "string") return encoder.encode(message);
  return Array.isArray(message) ? Uint8Array.from(message, Number) : nothing;
}
