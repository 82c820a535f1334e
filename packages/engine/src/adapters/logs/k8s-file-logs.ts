import { type Stats, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { EngineError, errnoOf, wrapError } from "../../core/errors.ts";
import { TimeWindow } from "../../core/log/selected-entries.ts";
import type { LogEntry, LogQuery, ProcessLogs } from "../../core/ports/logs.ts";
import { FileChange } from "./file-change.ts";
import { LineSplitter, parseLogRecord } from "./log-record.ts";
import { tailOffset } from "./tail-offset.ts";

const chunkBytes = 64 * 1024;

/** Log files in conmon's k8s-file format. */
export class K8sFileLogs implements ProcessLogs {
  async *read(path: string, query: LogQuery): AsyncGenerator<LogEntry> {
    for await (const entries of this.readBatches(path, query)) yield* entries;
  }

  async *readBatches(path: string, query: LogQuery): AsyncGenerator<readonly LogEntry[]> {
    const window = new TimeWindow(query);
    try {
      for await (const lines of query.follow ? followedLines(path, query) : presentLines(path, query)) {
        const selected = window.select(lines.map(parseLogRecord).filter((entry) => entry !== undefined));
        if (selected.length > 0) yield selected;
        if (window.isOver) return;
      }
    } catch (error) {
      throw wrapError(`read log ${path}`, error);
    }
  }
}

const sizeNow = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

async function* presentLines(path: string, query: LogQuery): AsyncGenerator<readonly Buffer[]> {
  await using log = new OpenLog(path);
  await log.open(query);
  yield* log.lines(query);
}

async function* followedLines(path: string, query: LogQuery): AsyncGenerator<readonly Buffer[]> {
  const { signal } = query;
  // Synchronously with the first request for an entry, so that nothing written after it is missed.
  const startBytes = query.tail === 0 ? sizeNow(path) : undefined;
  using stack = new DisposableStack();
  const change = stack.adopt(new FileChange(path), (watching) => watching.close());
  const notify = (): void => change.notify();
  signal?.addEventListener("abort", notify, { once: true });
  stack.defer(() => signal?.removeEventListener("abort", notify));
  let ended = false;
  const end = (): void => {
    ended = true;
    notify();
  };
  query.until?.then(end, end);
  await using log = new OpenLog(path);
  await log.open(query, startBytes);
  for (;;) {
    // Noted before reading: what is written until then is read now.
    const last = ended;
    yield* log.lines(query);
    if (await log.reopenIfReplaced()) continue;
    if (last) return;
    await change.wait();
  }
}

/** One log file as it is read on; absent at first, perhaps. */
class OpenLog implements AsyncDisposable {
  readonly #path: string;
  readonly #splitter = new LineSplitter();
  #file: FileHandle | undefined;
  #inode = 0;
  #offset = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async open({ tail, fromOffset = 0 }: LogQuery = {}, startBytes?: number): Promise<boolean> {
    try {
      this.#file = await open(this.#path, "r");
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return false;
      throw error;
    }
    this.#inode = (await this.#file.stat()).ino;
    this.#offset = startBytes ?? fromOffset;
    if (startBytes === undefined && tail !== undefined) {
      const isPartial = (line: Buffer): boolean | undefined => parseLogRecord(line)?.partial;
      ({ offset: this.#offset } = await tailOffset(this.#file, tail, { isPartial, floor: fromOffset }));
    }
    return true;
  }

  /** The whole lines from where the last call stopped to the present end. */
  async *lines({ signal, progress }: LogQuery): AsyncGenerator<readonly Buffer[]> {
    for (;;) {
      if (progress !== undefined) progress.offset = this.#offset - this.#splitter.restBytes;
      if (signal?.aborted) throw new EngineError("canceled", "canceled");
      if (this.#file === undefined) return;
      // A new buffer each time, because the lines given out are parts of it.
      const { bytesRead, buffer } = await this.#file.read(
        Buffer.allocUnsafe(chunkBytes),
        0,
        chunkBytes,
        this.#offset,
      );
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      yield this.#splitter.push(buffer.subarray(0, bytesRead));
    }
  }

  /** True if there is another file to read from its beginning: it has come, was replaced, or was cut. */
  async reopenIfReplaced(): Promise<boolean> {
    if (this.#file === undefined) return this.open();
    const now = await statIfExists(this.#path);
    if (now === undefined || (now.ino === this.#inode && now.size >= this.#offset)) return false;
    await this.#file.close();
    this.#file = undefined;
    this.#splitter.clear();
    return this.open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

async function statIfExists(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
