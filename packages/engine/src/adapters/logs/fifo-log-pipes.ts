import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError, errnoOf, wrapError } from "../../core/errors.ts";
import type { LogPipe, LogPipes } from "../../core/ports/log-pipes.ts";
import { runProgram } from "../../linux/run-program.ts";

/** What a pipe holds that nobody has enlarged. */
const pipeBytes = 64 * 1024;
const firstPauseMs = 1;
const longestPauseMs = 100;

export class FifoLogPipes implements LogPipes {
  async make(path: string): Promise<LogPipe> {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const { exitCode, stderr } = await runProgram(["mkfifo", "-m", "700", path]);
      if (exitCode !== 0) throw new EngineError("internal", stderr.trim());
      return new FifoLogPipe(path, openFifo(path));
    } catch (error) {
      throw wrapError(`make log pipe ${path}`, error);
    }
  }

  async removeName(path: string): Promise<void> {
    await rm(path, { force: true });
  }
}

/** For reading too, so that neither opening nor writing depends on a reader; and without ever waiting. */
function openFifo(path: string): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw new EngineError("internal", "it is no FIFO any more");
}

/**
 * Each attempt to write returns at once, so no thread is ever held by a reader that does not read: a full pipe is tried again after
 * a pause that grows to a tenth of a second.
 */
class FifoLogPipe implements LogPipe {
  readonly #path: string;
  #fd: number | undefined;
  writtenBytes = 0;
  lastTakenAt = performance.now();

  constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    let pauseMs = 0;
    for (let at = 0; at < bytes.length; ) {
      if (signal.aborted) throw new EngineError("canceled", `write log pipe ${this.#path}: canceled`);
      const taken = this.#tryWrite(bytes.subarray(at));
      if (taken > 0) {
        at += taken;
        pauseMs = 0;
        continue;
      }
      await pause(pauseMs, signal);
      pauseMs = Math.min(longestPauseMs, pauseMs === 0 ? firstPauseMs : pauseMs * 2);
    }
  }

  #tryWrite(bytes: Uint8Array): number {
    try {
      const taken = writeSync(this.#opened(), bytes, 0, Math.min(bytes.length, pipeBytes));
      this.writtenBytes += taken;
      this.lastTakenAt = performance.now();
      return taken;
    } catch (error) {
      if (errnoOf(error) === "EAGAIN") return 0;
      throw wrapError(`write log pipe ${this.#path}`, error);
    }
  }

  takeBack(): number {
    const buffer = new Uint8Array(pipeBytes);
    let bytes = 0;
    try {
      for (;;) {
        const read = readSync(this.#opened(), buffer);
        if (read === 0) return bytes;
        bytes += read;
      }
    } catch (error) {
      if (errnoOf(error) === "EAGAIN") return bytes;
      throw wrapError(`read log pipe ${this.#path}`, error);
    }
  }

  #opened(): number {
    if (this.#fd === undefined) throw new EngineError("canceled", "it is closed");
    return this.#fd;
  }

  async remove(): Promise<void> {
    this.close();
    await rm(this.#path, { force: true });
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
  });
}
