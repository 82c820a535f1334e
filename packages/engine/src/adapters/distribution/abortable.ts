import { aborted } from "node:util";
import { EngineError } from "../../core/errors.ts";

/** The outcome of work that takes no signal itself; canceled as soon as the signal is aborted. */
export async function abortable<T>(action: string, promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const stop = aborted(signal, promise).then((): never => {
    throw new EngineError("canceled", `${action}: context canceled`, { cause: signal.reason });
  });
  return await Promise.race([promise, stop]);
}
