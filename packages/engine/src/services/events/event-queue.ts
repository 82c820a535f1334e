import type { Event } from "@davit/protocol";

/** Events on their way to one subscriber, at most `limit` of them: past that the subscription ends. */
export class EventQueue implements AsyncIterable<Event> {
  readonly #limit: number;
  readonly #waiting: Event[] = [];
  #ended = false;
  #onEnd: ((overflowed: boolean) => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Called once, when nothing more will be taken. */
  onEnd(callback: (overflowed: boolean) => void): void {
    this.#onEnd = callback;
  }

  push(event: Event): void {
    if (this.#ended) return;
    if (this.#waiting.length >= this.#limit) return this.#finish(true);
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** What waits is still given. */
  end(): void {
    this.#finish(false);
  }

  #finish(overflowed: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd?.(overflowed);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event> {
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next !== undefined) yield next;
        else if (this.#ended) return;
        else await this.#more();
      }
    } finally {
      this.end();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
