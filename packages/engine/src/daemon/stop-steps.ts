import type { Logger } from "../core/ports/logger.ts";

/** Steps that come after a late one have that long, so that they can do what takes no time. */
const leastMs = 1000;

/**
 * What is done as the engine stops, one step after the other, within a time for all of them: a step that has not ended by then is
 * logged with what is left of it, and not waited for any longer. One that fails is logged, too.
 */
export class StopSteps {
  readonly #deadline: number;
  readonly #logger: Logger;

  /** `Infinity` waits for ever. */
  constructor(timeoutMs: number, logger: Logger) {
    this.#deadline = performance.now() + timeoutMs;
    this.#logger = logger;
  }

  /** `left` tells what of the step is not done yet. */
  async run(
    step: string,
    work: () => Promise<unknown>,
    left: () => readonly string[] = () => [],
  ): Promise<void> {
    const late = Promise.withResolvers<"late">();
    const ms = Math.max(leastMs, this.#deadline - performance.now());
    const timer = Number.isFinite(ms) ? setTimeout(() => late.resolve("late"), ms) : undefined;
    const done = work().catch((error: unknown) => {
      this.#logger.error({ err: error, step }, "a step of the stop failed");
    });
    const outcome = await Promise.race([done, late.promise]);
    clearTimeout(timer);
    if (outcome === "late")
      this.#logger.warn({ step, left: left() }, "stopped without waiting for what did not end");
  }
}
