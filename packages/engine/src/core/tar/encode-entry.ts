import { encodePax } from "./pax-records.ts";
import {
  type ByteText,
  blockBytes,
  concatBytes,
  fromByteText,
  isAscii,
  type PaxRecord,
  type TarEntry,
} from "./tar-entry.ts";
import { extendedHeader, renameHeader, withoutSize } from "./tar-header.ts";

const maxNameBytes = 100;

/** Records that this encoder writes itself, or that only repeat what numbers say. */
const rewritten: ReadonlySet<string> = new Set(["path", "linkpath", "hdrcharset", "uname", "gname"]);

/** Two blocks of zeros. */
export const endOfArchive = (): Uint8Array => new Uint8Array(2 * blockBytes);

/**
 * The entry's headers under other names, everything else as it was. Names keep their bytes: the records say that they
 * are binary where they are not ASCII, since libarchive would otherwise change their Unicode normal form.
 */
export function encodeEntry(
  entry: TarEntry,
  names: { readonly path: ByteText; readonly linkPath: ByteText } = entry,
): Uint8Array {
  const empty = entry.sizeBytes === 0;
  const kept = entry.pax.filter(({ key }) => !rewritten.has(key) && !(empty && key === "size"));
  const named = [...nameRecord("path", names.path), ...nameRecord("linkpath", names.linkPath)];
  const binary = named.length > 0 && !isAscii(names.path + names.linkPath);
  const records = [
    ...(binary ? [{ key: "hdrcharset", value: fromByteText("BINARY") }] : []),
    ...named,
    ...kept,
  ];
  const header = renameHeader(entry.header, {
    path: names.path.slice(0, maxNameBytes),
    linkPath: names.linkPath.slice(0, maxNameBytes),
    type: entry.type,
  });
  return concatBytes([
    ...(records.length === 0 ? [] : extended(records)),
    empty ? withoutSize(header) : header,
    entry.extension,
  ]);
}

function nameRecord(key: string, name: ByteText): PaxRecord[] {
  return name.length > maxNameBytes ? [{ key, value: fromByteText(name) }] : [];
}

function extended(records: readonly PaxRecord[]): Uint8Array[] {
  const body = encodePax(records);
  const padded = new Uint8Array(Math.ceil(body.length / blockBytes) * blockBytes);
  padded.set(body);
  return [extendedHeader(body.length), padded];
}
