import { EngineError } from "../../core/errors.ts";
import { encodeEntry } from "../../core/tar/encode-entry.ts";
import { type ByteText, cleanPath, concatBytes, isAscii, type TarEntry } from "../../core/tar/tar-entry.ts";
import { TarParser } from "../../core/tar/tar-parser.ts";

// https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
const whiteoutPrefix = ".wh.";
/** Names that AUFS kept for itself; of these only the opaque marker means something. */
const metaPrefix = ".wh..wh.";
const opaqueMarker = ".wh..wh..opq";

const maxWhiteouts = 1_000_000;

/** Attributes in which overlayfs keeps its own state; from a stranger they would redirect lookups. */
const overlayAttribute = /^(?:SCHILY|LIBARCHIVE)\.xattr\.(?:trusted|user)(?:\.|%2e)overlay(?:\.|%2e)/i;
const regularTypes: ReadonlySet<string> = new Set(["0", "7", "S"]);

/** What a layer removes from those below it. Paths are relative and clean; the empty one is the root. */
export interface Removals {
  readonly whiteouts: ReadonlySet<ByteText>;
  readonly opaque: ReadonlySet<ByteText>;
}

/**
 * Turns a layer into the archive that the extractor gets: without whiteouts, which it collects, and with names as
 * bytes. The extractor sees nothing that was not understood here.
 */
export class LayerFilter {
  readonly #parser = new TarParser();
  readonly #whiteouts = new Set<ByteText>();
  readonly #opaque = new Set<ByteText>();
  #dropping = false;
  #sizeBytes = 0;

  push(chunk: Uint8Array): Uint8Array {
    const kept: Uint8Array[] = [];
    for (const part of this.#parser.push(chunk)) {
      if (part.kind === "entry") {
        this.#dropping = this.#isWhiteout(part.entry);
        if (!this.#dropping) kept.push(this.#accept(part.entry));
      } else if (!this.#dropping) {
        kept.push(part.bytes);
      }
    }
    return concatBytes(kept);
  }

  end(): void {
    this.#parser.end();
  }

  get removals(): Removals {
    return { whiteouts: this.#whiteouts, opaque: this.#opaque };
  }

  /** Bytes of the files so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  #accept(entry: TarEntry): Uint8Array {
    if (regularTypes.has(entry.type)) this.#sizeBytes += entry.sizeBytes;
    const pax = entry.pax.filter(({ key }) => !overlayAttribute.test(key));
    const plain =
      pax.length === entry.pax.length &&
      isAscii(entry.path + entry.linkPath) &&
      !pax.some(({ key }) => key === "uname" || key === "gname");
    return plain ? entry.raw : encodeEntry({ ...entry, pax });
  }

  #isWhiteout(entry: TarEntry): boolean {
    const parts = entry.path.split("/").filter((part) => part !== "" && part !== ".");
    if (!parts.some((part) => part.startsWith(whiteoutPrefix))) return false;
    if (parts.includes("..")) throw invalid(`${entry.path}: path contains '..'`);
    const name = parts.at(-1) ?? "";
    const parent = parts.slice(0, -1);
    const inside = parent.some((part) => part.startsWith(whiteoutPrefix));
    if (inside || !name.startsWith(whiteoutPrefix)) return true;
    if (name === opaqueMarker) {
      this.#opaque.add(cleanPath(parent.join("/")));
    } else if (!name.startsWith(metaPrefix)) {
      const hidden = name.slice(whiteoutPrefix.length);
      if (hidden === "" || hidden === "." || hidden === "..") {
        throw invalid(`${entry.path}: a whiteout of nothing`);
      }
      this.#whiteouts.add(cleanPath([...parent, hidden].join("/")));
    }
    if (this.#whiteouts.size + this.#opaque.size > maxWhiteouts) throw invalid("too many whiteouts");
    return true;
  }
}

const invalid = (message: string): EngineError => new EngineError("invalid", message);
