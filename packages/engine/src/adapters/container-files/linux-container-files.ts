import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { detectCompression, peekStart } from "../../core/compression-format.ts";
import { goFileMode, parseArchivePath } from "../../core/container/archive-path.ts";
import { EngineError, messageOf } from "../../core/errors.ts";
import { interruptible } from "../../core/interruptible.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import type { ContainerFiles, FileView, PathStat, UnpackOptions } from "../../core/ports/container-files.ts";
import { TarFormatError } from "../../core/tar/tar-entry.ts";
import { TarParser } from "../../core/tar/tar-parser.ts";
import { byteText, type Located, Locator, textOf } from "./locator.ts";
import { ended, Packer } from "./pack.ts";
import { readOnlyError, Unpacker } from "./unpack.ts";

const maxTextBytes = 1024 * 1024;

/** Files of containers by directory descriptors, without a process or a mount of their own. */
export class LinuxContainerFiles implements ContainerFiles {
  async stat(view: FileView, path: string): Promise<PathStat> {
    return told("look up", path, async () => {
      await using locator = await Locator.open(view);
      return await statOf(locator, path);
    });
  }

  async pack(view: FileView, path: string, signal: AbortSignal) {
    const locator = await told("open", path, () => Locator.open(view));
    try {
      const stat = await told("look up", path, () => statOf(locator, path));
      return { stat, archive: closing(locator, signal, () => packPath(locator, path, signal)) };
    } catch (error) {
      await locator[Symbol.asyncDispose]();
      throw error;
    }
  }

  async packAll(view: FileView, signal: AbortSignal): Promise<ByteStream> {
    const locator = await told("open", "/", () => Locator.open(view));
    return closing(locator, signal, () => new Packer(locator, signal).contents(locator.root, ""));
  }

  async unpack(view: FileView, path: string, archive: ByteStream, options: UnpackOptions): Promise<void> {
    await told("unpack into", path, async () => {
      await using locator = await Locator.open(view);
      const found = await find(locator, path, { followLast: true });
      if (found.stats?.isDirectory() !== true) throw invalid("extraction point is not a directory");
      const reached = await locator.enterLocated(found);
      if (reached.readOnly !== false) throw readOnlyError(reached.readOnly);
      await unpackInto(new Unpacker(locator, reached.parts, options), archive, options.signal);
    });
  }

  async readText(view: FileView, path: string): Promise<string | undefined> {
    return told("read", path, async () => {
      await using locator = await Locator.open(view);
      const { parts } = parseArchivePath(path);
      const { parent, name, stats } = await locator.locate(parts.map(byteText), { followLast: true });
      if (parent === undefined || stats?.isFile() !== true) return undefined;
      await using file = await locator.openFile(parent, name);
      if (file === undefined || (await file.stat()).size > maxTextBytes) return undefined;
      return await file.readFile("utf8");
    });
  }
}

const invalid = (message: string, cause?: unknown): EngineError =>
  new EngineError("invalid", message, { cause });

async function find(
  locator: Locator,
  path: string,
  { followLast }: { readonly followLast: boolean },
): Promise<Located> {
  const found = await locator.locate(parseArchivePath(path).parts.map(byteText), { followLast });
  if (found.stats === undefined) throw new EngineError("not-found", `${path}: no such file or directory`);
  return found;
}

async function statOf(locator: Locator, path: string): Promise<PathStat> {
  const { parts, followLast, name } = parseArchivePath(path);
  const { stats } = await find(locator, path, { followLast });
  if (stats === undefined) throw new EngineError("not-found", `${path}: no such file or directory`);
  const seconds = new Date(Number(stats.mtimeMs)).toISOString().slice(0, 19);
  const fraction = String(((stats.mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  const digits = fraction.padStart(9, "0").replace(/0+$/, "");
  return {
    name: name === "." ? (parts.at(-1) ?? "/") : name,
    sizeBytes: Number(stats.size),
    mode: goFileMode(Number(stats.mode)),
    modifiedAt: `${seconds}${digits === "" ? "" : `.${digits}`}Z`,
    linkTarget: stats.isSymbolicLink() ? await linkTarget(locator, parts.map(byteText)) : "",
  };
}

async function linkTarget(locator: Locator, parts: readonly string[]): Promise<string> {
  const { parts: target } = await locator.locate(parts, { followLast: true });
  return `/${target.map(textOf).join("/")}`;
}

/** Closes what was opened for a stream when that ends, or at the signal if nobody has begun to read it. */
function closing(locator: Locator, signal: AbortSignal, read: () => ByteStream): ByteStream {
  let isRead = false;
  const release = (): void => {
    if (!isRead) void locator[Symbol.asyncDispose]();
  };
  signal.addEventListener("abort", release, { once: true });
  if (signal.aborted) release();
  const archive = async function* (): ByteStream {
    isRead = true;
    await using _closed = locator;
    yield* ended(read());
  };
  return archive();
}

async function* packPath(locator: Locator, path: string, signal: AbortSignal): ByteStream {
  const { followLast, name } = parseArchivePath(path);
  const found = await find(locator, path, { followLast });
  const packer = new Packer(locator, signal);
  if (found.stats?.isDirectory() === true) {
    const prefix = name === "/" ? "/" : `${byteText(name)}/`;
    yield* packer.tree(await locator.enterLocated(found), prefix);
  } else if (found.parent !== undefined) yield* packer.entry(found.parent, found.name, byteText(name));
}

async function unpackInto(unpacker: Unpacker, archive: ByteStream, signal: AbortSignal): Promise<void> {
  const parser = new TarParser();
  try {
    for await (const chunk of plain(interruptible(archive, signal))) {
      for (const part of parser.push(chunk)) {
        if (part.kind === "entry") await unpacker.entry(part.entry);
        else if (part.kind === "data") await unpacker.data(part.bytes);
      }
    }
    parser.end();
  } finally {
    await unpacker.end();
  }
}

async function* plain(source: ByteStream): ByteStream {
  const { start, stream } = await peekStart(source);
  const format = detectCompression(start);
  if (format === "none") yield* stream;
  else if (format === "gzip") yield* gunzip(stream);
  else throw invalid(`archive is compressed with ${format}, which is not accepted here`);
}

async function* gunzip(source: ByteStream): ByteStream {
  const decoder = createGunzip();
  const feeding = pipeline(Readable.from(source), decoder);
  // Told by the decoder, too.
  feeding.catch(() => undefined);
  try {
    yield* decoder;
    await feeding;
  } finally {
    decoder.destroy();
  }
}

async function told<Result>(action: string, path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (error instanceof TarFormatError) throw invalid(error.message, error);
    throw new EngineError("internal", `${action} ${path}: ${messageOf(error)}`, { cause: error });
  }
}
