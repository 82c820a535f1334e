/** Text that holds one byte per character, so that names in any encoding survive unchanged. */
export type ByteText = string;

/** One `key=value` of a pax extended header. Values are kept as bytes: attributes may be binary. */
export interface PaxRecord {
  readonly key: ByteText;
  readonly value: Uint8Array;
}

/** An entry of a tar archive, its long names and extended attributes applied. */
export interface TarEntry {
  readonly path: ByteText;
  /** Where a symbolic or hard link points; empty for others. */
  readonly linkPath: ByteText;
  /** The type flag of the header: `0` file, `1` hard link, `2` symbolic link, `5` directory, … */
  readonly type: string;
  /** Bytes of data that follow; of a sparse file, those that are stored. */
  readonly sizeBytes: number;
  /** The records of the entry's own extended header. */
  readonly pax: readonly PaxRecord[];
  /** The header block as it stands in the archive. */
  readonly header: Uint8Array;
  /** Blocks between header and data (the map of a sparse file in the old GNU format). */
  readonly extension: Uint8Array;
  /** Everything from the first extended header up to the data, as it stands in the archive. */
  readonly raw: Uint8Array;
}

export type TarPart =
  | { readonly kind: "entry"; readonly entry: TarEntry }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "padding"; readonly bytes: Uint8Array };

/** What makes an archive unreadable; the texts are those of Go's archive/tar. */
export class TarFormatError extends Error {
  override readonly name = "TarFormatError";
}

export const blockBytes = 512;

export function toByteText(bytes: Uint8Array): ByteText {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}

export const fromByteText = (text: ByteText): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

// oxlint-disable-next-line no-control-regex -- the range is the point
export const isAscii = (text: ByteText): boolean => /^[\u0000-\u007f]*$/.test(text);

/** The path below the archive's root: no leading `/` or `./`, no `..`, no doubled slashes; empty for the root. */
export function cleanPath(path: ByteText): ByteText {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A copy, also of a Buffer, whose own `slice` gives a view. */
export const copyBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);
