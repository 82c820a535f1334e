import { restartDelayMs } from "../../core/container/restart-policy.ts";

/** Answers true once, and only if the restart has not been called off since it fell due. */
export type TakeRestart = () => boolean;

/** Containers that have ended and are to be started again, each after its own delay. */
export class Restarts {
  readonly #delays = new Map<string, number>();
  /** Those that have fallen due and are not taken yet, too. */
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #closing = new AbortController();
  #start: (id: string, take: TakeRestart) => void = () => undefined;

  /**
   * What starts a container when its delay is over; failures are its own to handle. What waits for its turn behind something
   * else takes the restart when it comes.
   */
  onDue(start: (id: string, take: TakeRestart) => void): void {
    this.#start = start;
  }

  /** After `close` nothing is restarted any more: that is the next engine's. */
  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  /** Starts a container again after a delay that grows with each short run. */
  schedule(id: string, ranMs: number): void {
    const delayMs = restartDelayMs(this.#delays.get(id) ?? 0, ranMs);
    this.#delays.set(id, delayMs);
    this.#wait(id, delayMs);
  }

  scheduleNow(id: string): void {
    this.#wait(id, 0);
  }

  #wait(id: string, delayMs: number): void {
    if (this.isClosed) return;
    clearTimeout(this.#waiting.get(id));
    const timer = setTimeout(() => {
      this.#start(id, () => this.#waiting.get(id) === timer && this.#waiting.delete(id));
    }, delayMs);
    this.#waiting.set(id, timer);
  }

  /** Forgets a container: it is not started, and its next delay is the first. */
  cancel(id: string): void {
    clearTimeout(this.#waiting.get(id));
    this.#waiting.delete(id);
    this.#delays.delete(id);
  }

  close(): void {
    this.#closing.abort();
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }
}
