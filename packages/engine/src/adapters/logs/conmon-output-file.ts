import { statSync } from "node:fs";
import { appendFile, type FileHandle, open, stat, statfs } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { EngineError, errnoOf, wrapError } from "../../core/errors.ts";
import type { OutputBatch, OutputRecord, RunMark } from "../../core/log/output-record.ts";
import type { OutputFile } from "../../core/ports/logs.ts";
import { runProgram } from "../../linux/run-program.ts";
import { FileChange } from "./file-change.ts";
import { longestRecordBytes, parseLogRecord } from "./log-record.ts";

const chunkBytes = 256 * 1024;
const newline = 0x0a;
const followPaceMs = 5;
const growthPaceMs = 500;

/** Like a record, of no stream: readers of records pass it over. */
const markText = "- run M\n";

/** The k8s-file logs of conmon. */
export class ConmonOutputFile implements OutputFile {
  async size(path: string): Promise<number> {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return 0;
      throw wrapError(`read log ${path}`, error);
    }
  }

  async endOfRecords(path: string): Promise<number> {
    try {
      await using file = await openIfExists(path);
      if (file === undefined) return 0;
      const { size } = await file.stat();
      const from = Math.max(0, size - chunkBytes);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size - from), 0, size - from, from);
      return from + buffer.subarray(0, bytesRead).lastIndexOf(newline) + 1;
    } catch (error) {
      throw wrapError(`read log ${path}`, error);
    }
  }

  sizeNow(path: string): number {
    return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  async markRun(path: string): Promise<void> {
    try {
      if ((await this.size(path)) === 0) return;
      // A record that the host's crash has torn ends here too.
      await appendFile(path, `${(await endsLine(path)) ? "" : "\n"}${markText}`);
    } catch (error) {
      throw wrapError(`write log ${path}`, error);
    }
  }

  async *follow(
    path: string,
    { from, ended, signal }: Parameters<OutputFile["follow"]>[1],
  ): AsyncGenerator<OutputBatch> {
    await using reading = new BatchReader(path, from);
    for await (const _change of changes(path, { ended, signal, paceMs: followPaceMs })) {
      for (;;) {
        if (signal.aborted) throw new EngineError("canceled", "canceled");
        const batch = await reading.next();
        if (batch === undefined) break;
        yield batch;
      }
    }
  }

  async *growth(path: string, options: Parameters<OutputFile["growth"]>[1]): AsyncGenerator<number> {
    for await (const _change of changes(path, { ...options, paceMs: growthPaceMs }))
      yield await this.size(path);
  }

  async recordAt(path: string, offset: number): Promise<number> {
    if (offset <= 0) return 0;
    await using file = await open(path, "r");
    for (let position = offset - 1; ; position += chunkBytes) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
      const at = buffer.subarray(0, bytesRead).indexOf(newline);
      if (at !== -1) return position + at + 1;
      if (bytesRead === 0) return position;
    }
  }

  async countRecords(path: string, from: number, to: number): Promise<number> {
    await using file = await open(path, "r");
    let count = 0;
    for (let position = from; position < to; ) {
      const length = Math.min(chunkBytes, to - position);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead === 0) break;
      const data = buffer.subarray(0, bytesRead);
      for (let at = data.indexOf(newline); at !== -1; at = data.indexOf(newline, at + 1)) count += 1;
      position += bytesRead;
    }
    return count;
  }

  async freeBytes(dir: string): Promise<number> {
    const { bfree, bsize } = await statfs(dir);
    return bfree * bsize;
  }

  async free(path: string, before: number): Promise<void> {
    const options = ["--punch-hole", "--offset", "0", "--length", String(before)];
    const { exitCode, stderr } = await runProgram(["fallocate", ...options, path]);
    if (exitCode !== 0) throw new EngineError("internal", `free ${path}: ${stderr.trim()}`);
  }
}

interface Changes {
  readonly ended: Promise<unknown>;
  readonly signal: AbortSignal;
  /** From one look at the file to the next, so that much is read at once of an output that trickles. */
  readonly paceMs: number;
}

/** At first, after changes, and once more when it has ended. */
async function* changes(path: string, { ended, signal, paceMs }: Changes): AsyncGenerator<void> {
  using stack = new DisposableStack();
  const change = stack.adopt(new FileChange(path), (watching) => watching.close());
  const hurry = new AbortController();
  const end = (): void => {
    hurry.abort();
    change.notify();
  };
  signal.addEventListener("abort", end, { once: true });
  stack.defer(() => signal.removeEventListener("abort", end));
  ended.then(end, end);
  for (;;) {
    const last = hurry.signal.aborted;
    yield;
    if (last) {
      if (signal.aborted) throw new EngineError("canceled", "canceled");
      return;
    }
    await change.wait();
    await setTimeout(paceMs, undefined, { signal: hurry.signal }).catch(() => undefined);
  }
}

async function endsLine(path: string): Promise<boolean> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 0 || buffer[0] === newline;
}

/** Reads whole records on from where it stopped. */
class BatchReader implements AsyncDisposable {
  readonly #path: string;
  #file: FileHandle | undefined;
  #offset: number;
  /** The beginning of a record whose rest is still to come, and lies before `#offset`. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string, from: number) {
    this.#path = path;
    this.#offset = from;
  }

  async next(): Promise<OutputBatch | undefined> {
    this.#file ??= await openIfExists(this.#path);
    if (this.#file === undefined) return undefined;
    const { bytesRead, buffer } = await this.#file.read(
      Buffer.allocUnsafe(chunkBytes),
      0,
      chunkBytes,
      this.#offset,
    );
    if (bytesRead === 0) return undefined;
    const chunk = buffer.subarray(0, bytesRead);
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const base = this.#offset - this.#rest.length;
    this.#offset += bytesRead;
    const records: (OutputRecord | RunMark)[] = [];
    let start = 0;
    for (let end = data.indexOf(newline); end !== -1; end = data.indexOf(newline, start)) {
      const line = data.subarray(start, end);
      const record = parseLogRecord(line);
      if (record !== undefined) records.push({ ...record, offset: base + start });
      else if (line.toString("latin1") === markText.trimEnd()) records.push({ stream: "mark" });
      start = end + 1;
    }
    if (data.length - start > longestRecordBytes) start = data.length;
    this.#rest = data.subarray(start);
    return { records, endOffset: base + start };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.close();
  }
}

async function openIfExists(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
