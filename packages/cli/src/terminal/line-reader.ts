import type { Readable } from "node:stream";

/** Reads lines one at a time, keeping what came after a line for the next question. */
export class LineReader {
  readonly #input: Readable;
  #rest = "";
  #ended = false;

  constructor(input: Readable) {
    this.#input = input;
  }

  /** The next line without its end; what is left at the end of input; then nothing. Rejects on abort. */
  async next(signal: AbortSignal): Promise<string | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const onData = (chunk: Buffer | string): void => {
      this.#rest += chunk.toString();
      if (this.#rest.includes("\n")) resolve(undefined);
    };
    const onEnd = (): void => {
      this.#ended = true;
      resolve(undefined);
    };
    const onAbort = (): void => reject(signal.reason);
    if (!this.#rest.includes("\n") && !this.#ended) {
      signal.throwIfAborted();
      signal.addEventListener("abort", onAbort, { once: true });
      this.#input.on("data", onData).once("end", onEnd).once("error", reject);
      // A listener alone does not wake a stream that the last question has paused.
      this.#input.resume();
      try {
        await promise;
      } finally {
        this.#input.pause();
        this.#input.off("data", onData).off("end", onEnd).off("error", reject);
        signal.removeEventListener("abort", onAbort);
      }
    }
    return this.#take();
  }

  /** Everything up to the end of input. */
  async all(signal: AbortSignal): Promise<string> {
    const lines: string[] = [];
    for (let line = await this.next(signal); line !== undefined; line = await this.next(signal))
      lines.push(line);
    return lines.join("\n");
  }

  #take(): string | undefined {
    if (this.#rest === "") return undefined;
    const end = this.#rest.indexOf("\n");
    const line = end === -1 ? this.#rest : this.#rest.slice(0, end);
    this.#rest = end === -1 ? "" : this.#rest.slice(end + 1);
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}
