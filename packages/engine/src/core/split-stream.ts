import type { ByteStream } from "./ports/byte-stream.ts";

/**
 * Gives one stream to two consumers, chunk by chunk: neither runs ahead of the other, so nothing piles up. If the source fails,
 * or either consumer stops early, both fail.
 */
export async function splitStream<First, Second>(
  source: ByteStream,
  first: (stream: ByteStream) => Promise<First>,
  second: (stream: ByteStream) => Promise<Second>,
): Promise<[First, Second]> {
  const branches = [new Branch(), new Branch()] as const;
  const consume = async <Result>(
    branch: Branch,
    use: (stream: ByteStream) => Promise<Result>,
  ): Promise<Result> => {
    try {
      return await use(branch);
    } finally {
      branch.stop();
    }
  };
  const feed = async (): Promise<void> => {
    try {
      for await (const chunk of source) {
        const taken = await Promise.all(branches.map((branch) => branch.push(chunk)));
        if (taken.includes(false)) break;
      }
      for (const branch of branches) branch.end();
    } catch (error) {
      for (const branch of branches) branch.fail(error);
      throw error;
    }
  };
  const work = [consume(branches[0], first), consume(branches[1], second), feed()] as const;
  const settled = await Promise.allSettled(work);
  const [one, two, fed] = settled;
  if (fed.status === "rejected") throw fed.reason;
  if (one.status === "rejected") throw one.reason;
  if (two.status === "rejected") throw two.reason;
  return [one.value, two.value];
}

/** One consumer's side: holds a single chunk until it is taken. */
class Branch implements AsyncIterable<Uint8Array> {
  #offered: { chunk: Uint8Array; taken: (wanted: boolean) => void } | undefined;
  #wake: (() => void) | undefined;
  #ending: { readonly error: unknown } | "end" | undefined;
  #stopped = false;

  /** Resolves when the consumer has taken the chunk; false if it takes no more. */
  push(chunk: Uint8Array): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(false);
    return new Promise((taken) => {
      this.#offered = { chunk, taken };
      this.#wake?.();
    });
  }

  end(): void {
    this.#ending ??= "end";
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#ending ??= { error };
    this.#wake?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#offered?.taken(false);
    this.#offered = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const offered = this.#offered;
        if (offered !== undefined) {
          this.#offered = undefined;
          offered.taken(true);
          yield offered.chunk;
        } else if (this.#ending === "end") return;
        else if (this.#ending !== undefined) throw this.#ending.error;
        else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      }
    } finally {
      this.stop();
    }
  }
}
