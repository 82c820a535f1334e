import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { EngineError, wrapError } from "../../core/errors.ts";
import { parseJsonLine } from "../../core/log/json-line.ts";
import { TimeWindow } from "../../core/log/selected-entries.ts";
import type { LogEntry, LogQuery } from "../../core/ports/logs.ts";
import { tailOffset } from "./tail-offset.ts";

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/** A file as readers find it. */
export interface ReadableFile {
  readonly generation: number;
  readonly file: FileHandle;
  readonly isCompressed: boolean;
}

/** What a reader needs of the log. */
export interface ReadableLog {
  /** Counts changes. */
  readonly version: number;
  openAll(): Promise<readonly ReadableFile[]>;
  openAfter(generation: number): Promise<ReadableFile | undefined>;
  changed(since: number, signal: AbortSignal): Promise<void>;
}

export async function* readJsonLog(log: ReadableLog, query: LogQuery): AsyncGenerator<readonly LogEntry[]> {
  const window = new TimeWindow(query);
  try {
    for await (const text of textsOf(log, query)) {
      const entries = text.split("\n").map(parseJsonLine);
      const selected = window.select(entries.filter((entry) => entry !== undefined));
      if (selected.length > 0) yield selected;
      if (window.isOver) return;
    }
  } catch (error) {
    throw wrapError("read log", error);
  }
}

/** Whole lines, many at once. */
async function* textsOf(log: ReadableLog, query: LogQuery): AsyncGenerator<string> {
  await using stack = new AsyncDisposableStack();
  const wake = new AbortController();
  const end = (): void => wake.abort();
  query.until?.then(end, end);
  query.signal?.addEventListener("abort", end, { once: true });
  stack.defer(() => query.signal?.removeEventListener("abort", end));
  const files: OpenFile[] = [];
  for (const { file, isCompressed, generation } of await log.openAll()) {
    const held = stack.use(file);
    files.push(new OpenFile(isCompressed ? stack.use(await decompressed(held)) : held, generation));
  }
  await seekTail(files, query.tail);
  let current = files.at(-1);
  for (const file of files) {
    yield* file.texts(query.signal);
    if (file !== current) await file.close();
  }
  if (query.follow !== true) return;
  for (;;) {
    const { version } = log;
    const last = wake.signal.aborted;
    if (current !== undefined) yield* current.texts(query.signal);
    const next = await log.openAfter(current?.generation ?? -1);
    if (next !== undefined) {
      // It may have been written to the end between the last look at it and the change.
      if (current !== undefined) yield* current.texts(query.signal);
      await current?.close();
      current = new OpenFile(stack.use(next.file), next.generation);
      continue;
    }
    if (last) return;
    await log.changed(version, wake.signal);
  }
}

async function seekTail(files: readonly OpenFile[], tail: number | undefined): Promise<void> {
  if (tail === undefined) return;
  let missing = tail;
  for (const file of files.toReversed()) missing -= await file.seekTail(missing);
}

const isPartial = (line: Buffer): boolean | undefined => parseJsonLine(line.toString())?.partial;

class OpenFile {
  readonly generation: number;
  readonly #file: FileHandle;
  /** The beginning of a line whose rest is still to come. */
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(file: FileHandle, generation: number) {
    this.#file = file;
    this.generation = generation;
  }

  async seekTail(lines: number): Promise<number> {
    const { offset, found } = await tailOffset(this.#file, lines, { isPartial });
    this.#offset = offset;
    return found;
  }

  async *texts(signal: AbortSignal | undefined): AsyncGenerator<string> {
    for (;;) {
      if (signal?.aborted) throw new EngineError("canceled", "canceled");
      const { bytesRead, buffer } = await this.#file.read(
        Buffer.allocUnsafe(chunkBytes),
        0,
        chunkBytes,
        this.#offset,
      );
      if (bytesRead === 0) {
        // Somebody has emptied it.
        if ((await this.#file.stat()).size >= this.#offset) return;
        this.#offset = 0;
        this.#rest = Buffer.alloc(0);
        continue;
      }
      this.#offset += bytesRead;
      const data = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]);
      const end = data.lastIndexOf(newline);
      this.#rest = data.subarray(end + 1);
      if (end !== -1) yield data.toString("utf8", 0, end);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** A file without a name that holds what a compressed one does. */
async function decompressed(source: FileHandle): Promise<FileHandle> {
  const dir = await mkdtemp(`${tmpdir()}/davit-log-`);
  try {
    const path = `${dir}/log`;
    const compressed = createReadStream("", { fd: source.fd, autoClose: false, start: 0 });
    await pipeline(compressed, createGunzip(), createWriteStream(path, { mode: 0o600 }));
    return await open(path, "r");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
