import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import type { Digest } from "@davit/protocol";
import { EngineError, errnoOf, isCanceled, messageOf } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { type ByteText, cleanPath, type TarEntry } from "../../core/tar/tar-entry.ts";
import { canceled, tarParts } from "./plain-tar.ts";

interface SpooledFile {
  readonly file: string;
  readonly sizeBytes: number;
  readonly digest: Digest;
}

export interface SpoolOptions {
  readonly tempDir: string;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

const action = "reading archive";
const maxEntries = 100_000;
const maxDocumentBytes = 8 * 1024 * 1024;
/** Old versions of `docker save` link equal layers to each other. */
const maxLinks = 16;

/** An archive's files on disk, under numbers: no name of the archive becomes a name here. */
export class Spool {
  readonly #dir: string;
  readonly #files: ReadonlyMap<ByteText, SpooledFile>;
  readonly #links: ReadonlyMap<ByteText, ByteText>;

  constructor(
    dir: string,
    files: ReadonlyMap<ByteText, SpooledFile>,
    links: ReadonlyMap<ByteText, ByteText>,
  ) {
    this.#dir = dir;
    this.#files = files;
    this.#links = links;
  }

  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  digest(path: string): Digest {
    return this.#get(path).digest;
  }

  /** A whole small file: descriptions and configurations. */
  async document(path: string): Promise<Uint8Array> {
    const { file, sizeBytes } = this.#get(path);
    if (sizeBytes > maxDocumentBytes) {
      throw invalid(`${path} is larger than ${maxDocumentBytes} bytes`);
    }
    return readFile(file);
  }

  async json(path: string): Promise<unknown> {
    const text = new TextDecoder().decode(await this.document(path));
    try {
      return JSON.parse(text);
    } catch (error) {
      throw invalid(`${path}: ${messageOf(error)}`);
    }
  }

  /** Opens a file anew with each call of what it answers. */
  opener(path: string): () => ByteStream {
    const { file } = this.#get(path);
    return () => createReadStream(file, { highWaterMark: 128 * 1024 });
  }

  dispose(): Promise<void> {
    return rm(this.#dir, { recursive: true, force: true });
  }

  #get(path: string): SpooledFile {
    const found = this.#find(path);
    if (found === undefined) throw invalid(`it has no ${path}`);
    return found;
  }

  #find(path: string): SpooledFile | undefined {
    let name = cleanPath(path);
    for (let followed = 0; followed < maxLinks; followed++) {
      const target = this.#links.get(name);
      if (target === undefined) return this.#files.get(name);
      name = target;
    }
    return undefined;
  }
}

/** Writes the regular files of an archive to a new directory. */
export async function spoolArchive(source: ByteStream, options: SpoolOptions): Promise<Spool> {
  await mkdir(options.tempDir, { recursive: true, mode: 0o700 });
  const dir = await mkdtemp(`${options.tempDir}/images-`);
  const writer = new SpoolWriter(dir, options.maxBytes);
  try {
    for await (const part of tarParts(source, options.signal)) {
      if (part.kind === "entry") await writer.begin(part.entry);
      else if (part.kind === "data") await writer.write(part.bytes);
    }
    await writer.finish();
    return new Spool(dir, writer.files, writer.links);
  } catch (error) {
    await writer.close();
    await rm(dir, { recursive: true, force: true });
    throw failure(error);
  }
}

class SpoolWriter {
  readonly files = new Map<ByteText, SpooledFile>();
  readonly links = new Map<ByteText, ByteText>();
  readonly #dir: string;
  readonly #maxBytes: number;
  #hash = createHash("sha256");
  #current: { readonly handle: FileHandle; readonly path: ByteText; readonly file: string } | undefined;
  #currentBytes = 0;
  #totalBytes = 0;
  #entries = 0;

  constructor(dir: string, maxBytes: number) {
    this.#dir = dir;
    this.#maxBytes = maxBytes;
  }

  async begin(entry: TarEntry): Promise<void> {
    await this.finish();
    this.#entries += 1;
    if (this.#entries > maxEntries) throw invalid(`more than ${maxEntries} entries`);
    const path = cleanPath(entry.path);
    if (entry.type === "1") this.#link(path, cleanPath(entry.linkPath));
    if (entry.type === "2") this.#link(path, cleanPath(`${path}/../${entry.linkPath}`));
    if (entry.type !== "0" && entry.type !== "7") return;
    this.links.delete(path);
    const file = `${this.#dir}/${this.#entries}`;
    this.#hash = createHash("sha256");
    this.#currentBytes = 0;
    this.#current = { handle: await open(file, "wx", 0o600), path, file };
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#current === undefined) return;
    this.#currentBytes += bytes.length;
    this.#totalBytes += bytes.length;
    if (this.#totalBytes > this.#maxBytes) throw invalid(`larger than ${this.#maxBytes} bytes`);
    this.#hash.update(bytes);
    await this.#current.handle.writeFile(bytes);
  }

  async finish(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    await this.close();
    this.files.set(current.path, {
      file: current.file,
      sizeBytes: this.#currentBytes,
      digest: `sha256:${this.#hash.digest("hex")}`,
    });
  }

  async close(): Promise<void> {
    const handle = this.#current?.handle;
    this.#current = undefined;
    await handle?.close();
  }

  #link(path: ByteText, target: ByteText): void {
    this.files.delete(path);
    this.links.set(path, target);
  }
}

export const invalid = (reason: string): EngineError => new EngineError("invalid", `${action}: ${reason}`);

function failure(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (isCanceled(error)) return canceled(action, error);
  const errno = errnoOf(error);
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return new EngineError("unavailable", `${action}: no space left on device`, { cause: error });
  }
  // Errors of the decoder have codes of their own (Z_…); those of the system come from the disk.
  const kind = errno?.startsWith("E") === true && !errno.startsWith("ERR_") ? "internal" : "invalid";
  return new EngineError(kind, `${action}: ${messageOf(error)}`, { cause: error });
}
