import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { OutputFile } from "../../core/ports/logs.ts";

export interface OutputTrimmerOptions {
  readonly output: Pick<OutputFile, "free">;
  readonly path: string;
  /** What readers of the output still need, by the lowest offset. */
  readonly neededFrom: () => number;
  readonly logger: Logger;
}

/** Each time costs running a program. */
const worthwhileBytes = 4 * 1024 * 1024;

/** After a failure, which may be that of a file system that cannot, or of a full one. */
const pauseBytes = 64 * 1024 * 1024;

/** Gives back the space of what has been passed on. */
export class OutputTrimmer {
  readonly #options: OutputTrimmerOptions;
  #freed = 0;
  #notBefore = 0;
  #hasWarned = false;

  constructor(options: OutputTrimmerOptions) {
    this.#options = options;
  }

  async trim(before: number): Promise<void> {
    const { output, path, neededFrom, logger } = this.#options;
    const until = Math.min(before, neededFrom());
    if (until < this.#notBefore || until - this.#freed < worthwhileBytes) return;
    try {
      await output.free(path, until);
      this.#freed = until;
    } catch (error) {
      this.#notBefore = until + pauseBytes;
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      logger.warn({ reason: messageOf(error), path }, "output that is not needed any more stays on disk");
    }
  }
}
