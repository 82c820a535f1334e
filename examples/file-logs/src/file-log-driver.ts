import { watch } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Call, LogContainer, LogDriver, LogLine, LogQuery } from "@davit/sdk";
import { fileLine, linesOfFile } from "./log-file.ts";

/** What is written at once at most. */
const writeBytes = 64 * 1024;

/** A file for each container. */
export class FileLogDriver implements LogDriver {
  readonly #dir: string;
  /** By container: how many of its runs are being taken. */
  readonly #running = new Map<string, number>();

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async open(dir: string): Promise<FileLogDriver> {
    await mkdir(dir, { recursive: true });
    return new FileLogDriver(dir);
  }

  accept({ options }: LogContainer): void {
    for (const [name, value] of Object.entries(options)) {
      // These are the engine's own.
      if (/^(mode|max-buffer-size|cache-.*)$/.test(name)) continue;
      if (name !== "prefix") throw new Error(`unknown log opt '${name}' for file-logs`);
      if (!/^[\w.-]*$/.test(value)) throw new Error(`bad prefix: ${value}`);
    }
  }

  async log(container: LogContainer, lines: AsyncIterable<LogLine>): Promise<void> {
    this.#count(container.id, 1);
    try {
      await using file = await open(this.#path(container), "a", 0o640);
      let text = "";
      let writing = Promise.resolve();
      let isWriting = false;
      const failures: unknown[] = [];
      // While the disk is busy the next lines gather, up to a bound: then they wait, and so does the engine.
      const flush = (): void => {
        if (isWriting || text === "") return;
        isWriting = true;
        const part = text;
        text = "";
        writing = file.appendFile(part).finally(() => {
          isWriting = false;
        });
        writing.then(flush, (error: unknown) => failures.push(error));
      };
      for await (const line of lines) {
        // What is lost is told, also where the disk has room again by now.
        if (failures.length > 0) throw failures[0];
        text += fileLine(line);
        flush();
        if (text.length >= writeBytes) await writing;
      }
      await writing;
      await file.appendFile(text);
    } finally {
      this.#count(container.id, -1);
    }
  }

  async *read(container: LogContainer, query: LogQuery, { signal }: Call): AsyncGenerator<LogLine> {
    const path = this.#path(container);
    if (!(await exists(path))) return;
    const since = nanoseconds(query.since);
    const until = nanoseconds(query.until);
    const isWanted = ({ timeNano }: LogLine): boolean => since === undefined || timeNano >= since;
    const isPast = ({ timeNano }: LogLine): boolean => until !== undefined && timeNano > until;
    const changes = new Changes(path, signal);
    try {
      let end = 0;
      if (query.tail !== undefined) {
        const last: LogLine[] = [];
        for await (const { line, end: after } of linesOfFile(path, 0)) {
          end = after;
          if (!isWanted(line) || isPast(line)) continue;
          last.push(line);
          if (last.length > query.tail) last.shift();
        }
        yield* last;
        if (!query.follow) return;
      }
      for (;;) {
        const isRunning = this.#running.has(container.id);
        for await (const { line, end: after } of linesOfFile(path, end)) {
          end = after;
          if (isPast(line)) return;
          if (isWanted(line)) yield line;
        }
        if (!query.follow || !isRunning || signal.aborted) return;
        await changes.next();
      }
    } finally {
      changes.close();
    }
  }

  #path({ id, options }: LogContainer): string {
    return join(this.#dir, `${options["prefix"] ?? ""}${id}.log`);
  }

  #count(id: string, more: number): void {
    const count = (this.#running.get(id) ?? 0) + more;
    if (count > 0) this.#running.set(id, count);
    else this.#running.delete(id);
  }
}

/** Tells of changes of a file, and of nothing any more once the signal fires; a look every second finds the end of a run. */
class Changes {
  readonly #watcher: ReturnType<typeof watch>;
  readonly #timer: NodeJS.Timeout;
  #changed = false;
  #wake = (): void => undefined;

  constructor(path: string, signal: AbortSignal) {
    const notify = (): void => {
      this.#changed = true;
      this.#wake();
    };
    this.#watcher = watch(path, notify);
    this.#timer = setInterval(notify, 1_000);
    signal.addEventListener("abort", notify, { once: true });
  }

  async next(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
  }

  close(): void {
    this.#watcher.close();
    clearInterval(this.#timer);
  }
}

const nanoseconds = (time: Date | undefined): bigint | undefined =>
  time === undefined ? undefined : BigInt(time.getTime()) * 1_000_000n;

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
