import { decodePax, paxText } from "./pax-records.ts";
import {
  blockBytes,
  concatBytes,
  copyBytes,
  type PaxRecord,
  TarFormatError,
  type TarPart,
  toByteText,
} from "./tar-entry.ts";
import { decodeHeader, type TarHeader } from "./tar-header.ts";

/** Extended headers and long names beyond this are hostile; it is the limit of Go and of libarchive. */
const maxMetaBytes = 1024 * 1024;
const maxPathBytes = 4096;

const metaTypes: ReadonlySet<string> = new Set(["x", "g", "L", "K"]);
/** Links, devices, directories and FIFOs have no data, whatever size they claim. */
const headerOnlyTypes: ReadonlySet<string> = new Set(["1", "2", "3", "4", "5", "6"]);

const paddingOf = (sizeBytes: number): number => (blockBytes - (sizeBytes % blockBytes)) % blockBytes;

/**
 * Reads a tar archive (ustar, pax, GNU, v7) as its bytes arrive. Global extended headers are passed over. What follows
 * the first block of zeros is ignored, as all readers do.
 */
export class TarParser {
  #buffer: Uint8Array = new Uint8Array(0);
  /** Header blocks of the entry that is being read. */
  #raw: Uint8Array[] = [];
  #pax: PaxRecord[] = [];
  #longPath: string | undefined;
  #longLink: string | undefined;
  #dataLeft = 0;
  #paddingLeft = 0;
  #ended = false;

  /** The parts that are complete with these bytes. Data is not copied: it is a view of what was pushed. */
  *push(chunk: Uint8Array): Generator<TarPart, void, undefined> {
    this.#buffer = this.#buffer.length === 0 ? chunk : concatBytes([this.#buffer, chunk]);
    while (this.#buffer.length > 0 && !this.#ended) {
      if (this.#dataLeft > 0) {
        const bytes = this.#take(Math.min(this.#dataLeft, this.#buffer.length));
        this.#dataLeft -= bytes.length;
        yield { kind: "data", bytes };
      } else if (this.#paddingLeft > 0) {
        const bytes = this.#take(Math.min(this.#paddingLeft, this.#buffer.length));
        this.#paddingLeft -= bytes.length;
        yield { kind: "padding", bytes };
      } else {
        const part = this.#entry();
        if (part === "incomplete") break;
        if (part !== undefined) yield part;
      }
    }
    if (this.#ended) this.#buffer = new Uint8Array(0);
  }

  /** Call at the end of the stream; throws if it ended inside an entry. */
  end(): void {
    if (this.#ended) return;
    if (this.#buffer.length > 0 || this.#dataLeft > 0 || this.#paddingLeft > 0 || this.#raw.length > 0) {
      throw new TarFormatError("unexpected EOF");
    }
  }

  #take(length: number): Uint8Array {
    const bytes = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return bytes;
  }

  #entry(): TarPart | "incomplete" | undefined {
    if (this.#buffer.length < blockBytes) return "incomplete";
    const block = this.#buffer.subarray(0, blockBytes);
    if (block.every((byte) => byte === 0)) {
      if (this.#raw.length > 0) throw new TarFormatError("invalid tar header");
      this.#ended = true;
      return undefined;
    }
    const header = decodeHeader(block);
    if (metaTypes.has(header.type)) return this.#meta(header);
    const extension = this.#extensionBytes(header);
    if (extension === undefined) return "incomplete";
    const head = copyBytes(this.#take(blockBytes + extension));
    this.#raw.push(head);
    return this.#finish(header, head);
  }

  /** A record about the next entry: it has to be there in full before it counts. */
  #meta(header: TarHeader): "incomplete" | undefined {
    if (header.sizeBytes > maxMetaBytes) throw new TarFormatError("header field too long");
    const length = blockBytes + header.sizeBytes + paddingOf(header.sizeBytes);
    if (this.#buffer.length < length) return "incomplete";
    const bytes = copyBytes(this.#take(length));
    if (header.type === "g") return undefined;
    this.#raw.push(bytes);
    if (this.#raw.reduce((sum, part) => sum + part.length, 0) > 4 * maxMetaBytes) {
      throw new TarFormatError("header field too long");
    }
    const body = bytes.subarray(blockBytes, blockBytes + header.sizeBytes);
    if (header.type === "x") this.#pax.push(...decodePax(body));
    const text = header.type === "x" ? "" : toByteText(body).replace(/\0.*$/s, "");
    if (header.type === "L") this.#longPath = text;
    if (header.type === "K") this.#longLink = text;
    return undefined;
  }

  #extensionBytes(header: TarHeader): number | undefined {
    let length = 0;
    let more = header.hasExtension;
    while (more) {
      length += blockBytes;
      if (length > maxMetaBytes) throw new TarFormatError("header field too long");
      if (this.#buffer.length < blockBytes + length) return undefined;
      more = this.#buffer[length + 504] !== 0;
    }
    return length;
  }

  #finish(header: TarHeader, head: Uint8Array): TarPart {
    const path = paxText(this.#pax, "path") ?? this.#longPath ?? header.path;
    const linkPath = paxText(this.#pax, "linkpath") ?? this.#longLink ?? header.linkPath;
    if (path.length > maxPathBytes || linkPath.length > maxPathBytes || /\0/.test(path + linkPath)) {
      throw new TarFormatError("invalid tar header");
    }
    // Before ustar, a file whose name ends in a slash was a directory.
    const type = header.type === "0" && path.endsWith("/") ? "5" : header.type;
    const sizeBytes = headerOnlyTypes.has(type) ? 0 : paxSize(this.#pax, header.sizeBytes);
    this.#dataLeft = sizeBytes;
    this.#paddingLeft = paddingOf(sizeBytes);
    const entry = {
      path,
      linkPath,
      type,
      sizeBytes,
      pax: this.#pax,
      header: head.subarray(0, blockBytes),
      extension: head.subarray(blockBytes),
      raw: concatBytes(this.#raw),
    };
    this.#raw = [];
    this.#pax = [];
    this.#longPath = undefined;
    this.#longLink = undefined;
    return { kind: "entry", entry };
  }
}

function paxSize(records: readonly PaxRecord[], otherwise: number): number {
  const text = paxText(records, "size");
  if (text === undefined) return otherwise;
  const size = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(size)) throw new TarFormatError("invalid tar header");
  return size;
}
