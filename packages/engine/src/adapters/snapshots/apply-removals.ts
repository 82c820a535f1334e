import { lstat } from "node:fs/promises";
import { errnoOf } from "../../core/errors.ts";
import { encodeEntry, endOfArchive } from "../../core/tar/encode-entry.ts";
import { makeEntry } from "../../core/tar/make-entry.ts";
import { type ByteText, fromByteText, type TarEntry } from "../../core/tar/tar-entry.ts";
import type { Removals } from "./layer-filter.ts";

// https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories
const opaqueAttribute = {
  key: "SCHILY.xattr.trusted.overlay.opaque",
  value: Uint8Array.of("y".charCodeAt(0)),
};

/**
 * An archive that marks in an unpacked layer what it hides of those below: character devices 0:0, and opaque
 * directories. It is unpacked by the same confined extractor, so that a link in the layer cannot lead it outside; what
 * is looked up here decides only what to ask for.
 */
export async function* removalArchive(
  root: string,
  removals: Removals,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Everything is looked up first: what the extractor does meanwhile changes the times of directories.
  for (const step of await plan(root, removals)) yield encodeEntry(step());
  yield endOfArchive();
}

async function plan(root: string, removals: Removals): Promise<(() => TarEntry)[]> {
  const steps: (() => TarEntry)[] = [];
  const written = new Set<ByteText>();
  for (const path of [...removals.opaque].sort()) {
    const found = await look(root, path);
    if (found === "file") continue;
    written.add(path);
    steps.push(() => directory(path, found, true));
  }
  const hidden = new Set<ByteText>();
  for (const path of [...removals.whiteouts].sort()) {
    if (ancestors(path).some((ancestor) => hidden.has(ancestor))) continue;
    const found = await look(root, path);
    if (found === "file") continue;
    if (found !== undefined) {
      // Removed below and made anew: nothing of the old directory may show through.
      if (!written.has(path)) steps.push(() => directory(path, found, true));
      written.add(path);
      continue;
    }
    hidden.add(path);
    steps.push(() => makeEntry({ path: `./${path}`, type: "3", mode: 0 }));
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    const above = written.has(parent) ? undefined : await look(root, parent);
    if (above !== undefined && above !== "file") {
      // Gives the directory back the time that the new entry changes.
      written.add(parent);
      steps.push(() => directory(parent, above, removals.whiteouts.has(parent)));
    }
  }
  return steps;
}

interface DirectoryState {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: string;
}

function directory(path: ByteText, state: DirectoryState | undefined, opaque: boolean): TarEntry {
  const { mode, uid, gid, mtime } = state ?? { mode: 0o755, uid: 0, gid: 0, mtime: "0" };
  const pax = opaque ? [opaqueAttribute] : [];
  return makeEntry({ path: `./${path}`, type: "5", mode, uid, gid, mtime, pax });
}

async function look(root: string, path: ByteText): Promise<DirectoryState | "file" | undefined> {
  try {
    const name = Buffer.concat([Buffer.from(`${root}/`), fromByteText(path)]);
    const stat = await lstat(name, { bigint: true });
    if (!stat.isDirectory()) return "file";
    return {
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      mtime: decimalSeconds(stat.mtimeNs),
    };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") return undefined;
    // A file stands where the path has a directory; it hides all below it.
    if (errno === "ENOTDIR") return "file";
    throw error;
  }
}

function decimalSeconds(nanoseconds: bigint): string {
  const whole = BigInt.asIntN(64, nanoseconds / 1_000_000_000n);
  const rest = nanoseconds - whole * 1_000_000_000n;
  return rest > 0n ? `${whole}.${rest.toString().padStart(9, "0")}` : String(whole);
}

function ancestors(path: ByteText): ByteText[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
