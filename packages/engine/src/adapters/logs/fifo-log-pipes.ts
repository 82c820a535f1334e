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

const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;

/** For writing alone, so that it shows whether there is a reader; for that moment opened for both, so that it needs none. */
function openFifo(path: string): number {
  const both = openSync(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
  try {
    if (!fstatSync(both).isFIFO()) throw new EngineError("internal", "it is no FIFO any more");
    return openAgain(both, O_WRONLY);
  } finally {
    closeSync(both);
  }
}

/** The same FIFO, whatever its name leads to by now. */
const openAgain = (fd: number, mode: number): number => openSync(`/proc/self/fd/${fd}`, mode | O_NONBLOCK);

/**
 * Held for writing, a FIFO keeps what it holds while readers come and go. Each attempt to write returns at once, so no thread is ever held by a reader that does not read: a full pipe is tried again after
 * a pause that grows to a tenth of a second.
 */
class FifoLogPipe implements LogPipe {
  readonly #path: string;
  #fd: number | undefined;
  writtenBytes = 0;
  #hadReader = false;

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
    if (this.isAbandoned()) {
      throw new EngineError("unavailable", `write log pipe ${this.#path}: its reader has gone`);
    }
    // A plugin may answer before it opens the pipe.
    const own = this.#hadReader ? undefined : openAgain(this.#opened(), O_RDONLY);
    try {
      const taken = writeSync(this.#opened(), bytes, 0, Math.min(bytes.length, pipeBytes));
      this.writtenBytes += taken;
      return taken;
    } catch (error) {
      // Of a reader that has gone just now the next attempt tells.
      if (errnoOf(error) === "EAGAIN" || errnoOf(error) === "EPIPE") return 0;
      throw wrapError(`write log pipe ${this.#path}`, error);
    } finally {
      if (own !== undefined) closeSync(own);
    }
  }

  isAbandoned(): boolean {
    try {
      closeSync(openAgain(this.#opened(), O_WRONLY));
      this.#hadReader = true;
      return false;
    } catch (error) {
      if (errnoOf(error) === "ENXIO") return this.#hadReader;
      throw wrapError(`look at log pipe ${this.#path}`, error);
    }
  }

  takeBack(): number {
    const buffer = new Uint8Array(pipeBytes);
    let bytes = 0;
    const own = openAgain(this.#opened(), O_RDONLY);
    try {
      for (;;) {
        const read = readSync(own, buffer);
        if (read === 0) return bytes;
        bytes += read;
      }
    } catch (error) {
      if (errnoOf(error) === "EAGAIN") return bytes;
      throw wrapError(`read log pipe ${this.#path}`, error);
    } finally {
      closeSync(own);
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
