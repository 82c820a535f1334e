import type { ByteStream } from "../../core/ports/byte-stream.ts";

/** Remembers that a stream failed by itself, to tell that from a failure of whoever took its bytes. */
export class WatchedSource implements AsyncIterable<Uint8Array> {
  readonly #source: ByteStream;
  #failure: { readonly error: unknown } | undefined;

  constructor(source: ByteStream) {
    this.#source = source;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of this.#source) yield chunk;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}
