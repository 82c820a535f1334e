import { EngineError } from "../../core/errors.ts";
import { type TarEntry, toByteText } from "../../core/tar/tar-entry.ts";

export interface EntryAttributes {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly mtime: number;
  readonly major: number;
  readonly minor: number;
}

// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html, "ustar Interchange Format"
const fields = {
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  mtime: [136, 12],
  major: [329, 8],
  minor: [337, 8],
} as const;

/** What an entry says of itself besides names and size. */
export function attributesOf(entry: TarEntry): EntryAttributes {
  const field = (name: keyof typeof fields): number => {
    const [at, length] = fields[name];
    return numberAt(entry.header, at, length);
  };
  const record = (name: "uid" | "gid" | "mtime"): number => {
    const value = entry.pax.findLast(({ key }) => key === name)?.value;
    return value === undefined ? field(name) : finite(Number(toByteText(value)));
  };
  return {
    mode: field("mode") & 0o7777,
    uid: record("uid"),
    gid: record("gid"),
    mtime: record("mtime"),
    major: field("major"),
    minor: field("minor"),
  };
}

/** Octal digits, or, with the highest bit set, a number in base 256. */
function numberAt(header: Uint8Array, at: number, length: number): number {
  const bytes = header.subarray(at, at + length);
  const first = bytes[0] ?? 0;
  if ((first & 0x80) !== 0) {
    return finite(bytes.subarray(1).reduce((total, byte) => total * 256 + byte, first & 0x3f));
  }
  const digits = toByteText(bytes).replaceAll(/^[ \0]+|[ \0].*$/gs, "");
  return digits === "" ? 0 : finite(Number.parseInt(digits, 8));
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new EngineError("invalid", "invalid tar header");
  return value;
}
