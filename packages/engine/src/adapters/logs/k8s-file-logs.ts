import { type Stats, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { EngineError, errnoOf, wrapError } from "../../core/errors.ts";
import type { LogEntry, LogQuery, ProcessLogs } from "../../core/ports/logs.ts";
import { FileChange } from "./file-change.ts";
import { LineSplitter, parseLogRecord } from "./log-record.ts";
import { tailOffset } from "./tail-offset.ts";

const chunkBytes = 64 * 1024;

/** Log files in conmon's k8s-file format. */
export class K8sFileLogs implements ProcessLogs {
  async *read(path: string, query: LogQuery): AsyncGenerator<LogEntry> {
    const { since, before } = query;
    try {
      for await (const line of query.follow ? followedLines(path, query) : presentLines(path, query)) {
        const entry = parseLogRecord(line);
        if (entry === undefined || (since !== undefined && entry.time < since)) continue;
        if (before !== undefined && entry.time >= before) return;
        yield entry;
      }
    } catch (error) {
      throw wrapError(`read log ${path}`, error);
    }
  }
}

async function* presentLines(path: string, query: LogQuery): AsyncGenerator<Buffer> {
  await using log = new OpenLog(path);
  await log.open(query.tail);
  yield* log.lines(query.signal);
}

async function* followedLines(path: string, query: LogQuery): AsyncGenerator<Buffer> {
  const { signal } = query;
  // Synchronously with the first request for an entry, so that nothing written after it is missed.
  const startBytes = query.tail === 0 ? (statSync(path, { throwIfNoEntry: false })?.size ?? 0) : undefined;
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
  await log.open(query.tail, startBytes);
  for (;;) {
    // Noted before reading: what is written until then is read now.
    const last = ended;
    yield* log.lines(signal);
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

  async open(tail?: number, startBytes?: number): Promise<boolean> {
    try {
      this.#file = await open(this.#path, "r");
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return false;
      throw error;
    }
    this.#inode = (await this.#file.stat()).ino;
    this.#offset = startBytes ?? (tail === undefined ? 0 : await tailOffset(this.#file, tail));
    return true;
  }

  /** The whole lines from where the last call stopped to the present end. */
  async *lines(signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
    for (;;) {
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
      yield* this.#splitter.push(buffer.subarray(0, bytesRead));
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
