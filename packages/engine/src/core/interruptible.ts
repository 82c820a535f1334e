import { EngineError } from "./errors.ts";
import type { ByteStream } from "./ports/byte-stream.ts";

/** The same stream, which fails as canceled when the signal says so, even if its source never answers again. */
export async function* interruptible(
  source: ByteStream,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let interrupt = (): void => undefined;
  const onAbort = (): void => interrupt();
  signal?.addEventListener("abort", onAbort, { once: true });
  let finished = false;
  try {
    while (true) {
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        interrupt = () => reject(new EngineError("canceled", "canceled", { cause: signal?.reason }));
        if (signal?.aborted === true) interrupt();
        else iterator.next().then(resolve, reject);
      });
      if (next.done === true) {
        finished = true;
        return;
      }
      yield next.value;
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    if (!finished) {
      const released = iterator.return?.();
      // A source that does not answer cannot be waited for; its late failure is of no interest.
      if (signal?.aborted === true) released?.catch(() => undefined);
      else await released;
    }
  }
}
