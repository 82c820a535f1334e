import { aborted } from "node:util";

/** The promise's outcome, or the signal's reason as soon as it is aborted, for work that takes no signal itself. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = aborted(signal, promise).then((): never => {
    throw signal.reason;
  });
  return await Promise.race([promise, stop]);
}
