/** Runs work at most `limit` at a time, in the order in which it came; `onWait` is told of what has to wait. */
export class ConcurrencyLimit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<Result>(work: () => Promise<Result>, onWait?: () => void): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else {
      onWait?.();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
