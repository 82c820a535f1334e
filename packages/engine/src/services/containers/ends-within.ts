import { EngineError } from "../../core/errors.ts";

/** Whether something ends within some seconds; negative: waits for it whatever it takes. */
export async function endsWithin(
  ended: Promise<unknown>,
  seconds: number,
  canceled: AbortSignal | undefined,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<false>();
  const timer =
    seconds < 0 ? undefined : setTimeout(() => resolve(false), Math.min(seconds * 1000, 0x7fff_ffff));
  const abort = (): void => reject(new EngineError("canceled", "stop container: the client is gone"));
  canceled?.addEventListener("abort", abort, { once: true });
  if (canceled?.aborted === true) abort();
  try {
    return await Promise.race([ended.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
    canceled?.removeEventListener("abort", abort);
  }
}
