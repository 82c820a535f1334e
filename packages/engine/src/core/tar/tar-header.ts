import {
  type ByteText,
  blockBytes,
  copyBytes,
  fromByteText,
  TarFormatError,
  toByteText,
} from "./tar-entry.ts";

// https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html, "ustar Interchange Format"
const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

type Field = keyof typeof fields;

const ustarMagic = "ustar\0";
/** GNU's old sparse format: more of the file's map follows in a block of its own. */
const sparseContinues = 482;

export interface TarHeader {
  readonly path: ByteText;
  readonly linkPath: ByteText;
  readonly type: string;
  readonly sizeBytes: number;
  readonly hasExtension: boolean;
}

export function decodeHeader(block: Uint8Array): TarHeader {
  if (!checksumMatches(block)) throw new TarFormatError("invalid tar header");
  const name = textOf(block, "name");
  const prefix = slice(block, "magic") === ustarMagic ? textOf(block, "prefix") : "";
  const type = slice(block, "type");
  const path = prefix === "" ? name : `${prefix}/${name}`;
  return {
    path,
    linkPath: textOf(block, "linkName"),
    // An old way to say that it is a regular file.
    type: type === "\0" ? "0" : type,
    sizeBytes: numberOf(block, "size"),
    hasExtension: type === "S" && block[sparseContinues] !== 0,
  };
}

/** A copy of a header under other names (100 bytes at most each), its checksum made to match. */
export function renameHeader(
  block: Uint8Array,
  names: { readonly path: ByteText; readonly linkPath: ByteText; readonly type: string },
): Uint8Array {
  const copy = copyBytes(block);
  write(copy, "name", names.path);
  write(copy, "linkName", names.linkPath);
  write(copy, "type", names.type);
  if (slice(copy, "magic") === ustarMagic) write(copy, "prefix", "");
  return seal(copy);
}

/** A header in the ustar format, still without a name. */
export function newHeader(options: {
  readonly type: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds. */
  readonly mtime: number;
  readonly device: readonly [major: number, minor: number];
}): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const octal = (field: Field, value: number, digits: number): void =>
    write(block, field, value.toString(8).padStart(digits, "0"));
  octal("mode", options.mode, 7);
  octal("uid", options.uid, 7);
  octal("gid", options.gid, 7);
  octal("size", options.sizeBytes, 11);
  octal("mtime", options.mtime, 11);
  write(block, "type", options.type);
  write(block, "magic", ustarMagic);
  write(block, "version", "00");
  octal("major", options.device[0], 7);
  octal("minor", options.device[1], 7);
  return seal(block);
}

export function extendedHeader(sizeBytes: number): Uint8Array {
  const owner = { uid: 0, gid: 0, mtime: 0, device: [0, 0] } as const;
  const block = newHeader({ type: "x", sizeBytes, mode: 0o644, ...owner });
  write(block, "name", "PaxHeader");
  return seal(block);
}

/** Writes a size of zero: entries that are only a header may claim one. */
export function withoutSize(block: Uint8Array): Uint8Array {
  const copy = copyBytes(block);
  write(copy, "size", "00000000000");
  return seal(copy);
}

function seal(block: Uint8Array): Uint8Array {
  write(block, "checksum", " ".repeat(8));
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(block, "checksum", `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

function write(block: Uint8Array, field: Field, text: ByteText): void {
  const [at, length] = fields[field];
  block.fill(0, at, at + length);
  block.set(fromByteText(text), at);
}

function slice(block: Uint8Array, field: Field): ByteText {
  const [at, length] = fields[field];
  return toByteText(block.subarray(at, at + length));
}

function textOf(block: Uint8Array, field: Field): ByteText {
  const text = slice(block, field);
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}

function numberOf(block: Uint8Array, field: "size" | "checksum"): number {
  const [at, length] = fields[field];
  const first = block[at] ?? 0;
  const value =
    (first & 0x80) === 0
      ? octal(slice(block, field))
      : // Base 256; a set 0x40 means negative, which none of these may be.
        block
          .subarray(at + 1, at + length)
          .reduce((total, byte) => total * 256 + byte, first & 0x40 ? Number.NaN : first & 0x3f);
  if (!Number.isSafeInteger(value)) throw new TarFormatError("invalid tar header");
  return value;
}

function octal(text: ByteText): number {
  const digits = text.replaceAll(/^[ \0]+|[ \0]+$/g, "");
  if (digits === "") return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

/** Some old writers summed signed bytes. */
function checksumMatches(block: Uint8Array): boolean {
  const [from, length] = fields.checksum;
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < blockBytes; at++) {
    const byte = at >= from && at < from + length ? 0x20 : (block[at] ?? 0);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stated = numberOf(block, "checksum");
  return stated === unsigned || stated === signed;
}
