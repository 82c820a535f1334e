import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { OutputFile } from "../../core/ports/logs.ts";
import { elapsed } from "./elapsed.ts";

export interface DiskWatchOptions {
  readonly output: Pick<OutputFile, "freeBytes">;
  /** Where outputs lie. */
  readonly dir: string;
  readonly logger: Logger;
}

const lookEveryMs = 2_000;
const fullBelowBytes = 64 * 1024;
const roomFromBytes = 1024 * 1024;

/** Tells of a full disk: the monitors of containers drop then what they cannot write, without a word. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #closing = new AbortController();
  #isWatching = false;
  #isFull = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** From the first container on. */
  begin(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    void this.#watch();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await elapsed(lookEveryMs, signal);
      if (signal.aborted) return;
      await this.look();
    }
  }

  async look(): Promise<void> {
    const { output, dir, logger } = this.#options;
    try {
      const freeBytes = await output.freeBytes(dir);
      if (!this.#isFull && freeBytes < fullBelowBytes) {
        this.#isFull = true;
        logger.error({ dir }, "the disk is full: output of containers is lost until there is room");
      } else if (this.#isFull && freeBytes >= roomFromBytes) {
        this.#isFull = false;
        logger.info({ dir }, "there is room for the output of containers again");
      }
    } catch (error) {
      logger.debug({ dir, reason: messageOf(error) }, "free space is not known");
    }
  }

  close(): void {
    this.#closing.abort();
  }
}
