import { encodeEntry, endOfArchive } from "./encode-entry.ts";
import { makeEntry, type NewEntry } from "./make-entry.ts";
import { blockBytes, concatBytes } from "./tar-entry.ts";

/** A small archive, made in memory. */
export function makeTar(
  items: readonly (Omit<NewEntry, "sizeBytes"> & { readonly data?: Uint8Array })[],
): Uint8Array {
  const parts = items.flatMap(({ data = new Uint8Array(0), ...item }) => [
    encodeEntry(makeEntry({ ...item, sizeBytes: data.length })),
    data,
    new Uint8Array((blockBytes - (data.length % blockBytes)) % blockBytes),
  ]);
  return concatBytes([...parts, endOfArchive()]);
}
