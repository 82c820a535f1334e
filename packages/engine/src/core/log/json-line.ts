import type { LogEntry } from "../ports/logs.ts";
import { isObject, jsonObject } from "./json-object.ts";
import type { LogMessage } from "./line-assembler.ts";

// The files of `json-file`, a line each: {"log":"text\n","stream":"stdout","attrs":{},"time":"RFC 3339"}. A piece of a line has no \n.

const decoder = new TextDecoder();
const strict = new TextDecoder("utf-8", { fatal: true });

/** What Go writes in strings in another way than JSON.stringify does. */
const goEscaped = /[<>&\u2028\u2029]/;
const eachGoEscaped = new RegExp(goEscaped, "g");
const escapeForGo = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** `attributes` as JSON, or empty. Output that is no text is kept in base64 as well, which other readers pass over. */
export function jsonLine({ stream, timestamp, line, piece }: LogMessage, attributes: string): string {
  const text = decoder.decode(line);
  const whole = piece === undefined || piece.last ? `${text}\n` : text;
  let log = JSON.stringify(whole);
  if (goEscaped.test(log)) log = log.replaceAll(eachGoEscaped, escapeForGo);
  const attrs = attributes === "" ? "" : `,"attrs":${attributes}`;
  const raw = text.includes("\ufffd") && !isText(line) ? `,"base64":"${base64(line)}"` : "";
  return `{"log":${log},"stream":"${stream}"${attrs},"time":"${trimmed(timestamp)}"${raw}}\n`;
}

function isText(bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const base64 = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

/** As Go writes times: without zeros at the end of the fraction. */
const trimmed = (timestamp: string): string => timestamp.replace(/\.?0+Z$/, "Z");

const encoder = new TextEncoder();

/** Undefined for what is no record: one that a crash has cut. */
export function parseJsonLine(text: string): LogEntry | undefined {
  const value = jsonObject(text);
  if (value === undefined) return undefined;
  const { log, stream, time, attrs, base64: raw } = value;
  if (typeof log !== "string" || typeof time !== "string") return undefined;
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const timestamp = padded(time);
  if (timestamp === undefined) return undefined;
  const partial = !log.endsWith("\n");
  return {
    timestamp,
    stream,
    bytes:
      typeof raw === "string"
        ? Uint8Array.from(atob(raw), (character) => character.charCodeAt(0))
        : encoder.encode(partial ? log : log.slice(0, -1)),
    partial,
    ...(isStringMap(attrs) ? { attributes: attrs } : {}),
  };
}

const isStringMap = (value: unknown): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every((item) => typeof item === "string");

/** With nine digits of fraction; undefined for what is no time of ours. */
function padded(time: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(time)) return undefined;
  const seconds = "2026-01-02T03:04:05".length;
  return `${time.slice(0, seconds)}.${time.slice(seconds + 1, -1).padEnd(9, "0")}Z`;
}
