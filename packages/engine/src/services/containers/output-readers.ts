interface Run {
  readonly started: Promise<void>;
  readonly start: () => void;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

/** Who reads a container's output, and until when: streams end when the run ends, and the log is kept until they have. */
export class OutputReaders {
  readonly #runs = new Map<string, Run>();
  readonly #readers = new Map<string, Set<Promise<void>>>();

  /** Resolves when the present run, or the next if there is none, has ended and its output is written. */
  endOfRun(id: string): Promise<void> {
    return this.#run(id).ended;
  }

  /** Resolves when the present run, or the next if there is none, has begun. */
  startOfRun(id: string): Promise<void> {
    return this.#run(id).started;
  }

  #run(id: string): Run {
    const known = this.#runs.get(id);
    if (known !== undefined) return known;
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const run = { started, start, ended, end };
    this.#runs.set(id, run);
    return run;
  }

  startRun(id: string): void {
    this.#run(id).start();
  }

  endRun(id: string): void {
    this.#runs.get(id)?.end();
    this.#runs.delete(id);
  }

  /** Passes a stream on and holds the log until it has ended. */
  async *hold<Item>(id: string, source: AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const readers = this.#readers.get(id) ?? new Set();
    this.#readers.set(id, readers);
    readers.add(promise);
    try {
      yield* source;
    } finally {
      readers.delete(promise);
      if (readers.size === 0) this.#readers.delete(id);
      resolve();
    }
  }

  /** Resolves with whether everybody has read to the end, after `timeoutMs` at most: a client that stopped reading holds nothing up. */
  async drained(id: string, timeoutMs: number): Promise<boolean> {
    const readers = this.#readers.get(id);
    if (readers === undefined) return true;
    const { promise, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), timeoutMs);
    try {
      return await Promise.race([Promise.all(readers).then(() => true), promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
