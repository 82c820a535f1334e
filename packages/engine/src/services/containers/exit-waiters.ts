import type { ProcessExit } from "../../core/ports/runtime.ts";

export type WaitCondition = "not-running" | "next-exit" | "removed";

interface Waiter {
  /** `exit`: the end of the present run, even if it is restarted; the others mean its end for good. */
  readonly condition: WaitCondition | "exit";
  readonly resolve: (exitCode: number) => void;
}

/** Who waits for what of each container. */
export class ExitWaiters {
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** Resolves with the exit code when the condition comes about; the caller has looked whether it has already. */
  wait(id: string, condition: Waiter["condition"], signal?: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(id) ?? new Set();
      this.#waiters.set(id, waiters);
      const waiter: Waiter = { condition, resolve: (exitCode) => settle(() => resolve(exitCode)) };
      const abort = (): void => settle(() => reject(signal?.reason));
      const settle = (finish: () => void): void => {
        signal?.removeEventListener("abort", abort);
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waiters.get(id) === waiters) this.#waiters.delete(id);
        finish();
      };
      waiters.add(waiter);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort);
    });
  }

  exited(id: string, { exitCode }: Pick<ProcessExit, "exitCode">): void {
    for (const waiter of this.#waiters.get(id) ?? []) {
      if (waiter.condition !== "removed") waiter.resolve(exitCode);
    }
  }

  /** It has ended and is to be started again. */
  restarting(id: string, { exitCode }: Pick<ProcessExit, "exitCode">): void {
    for (const waiter of this.#waiters.get(id) ?? []) {
      if (waiter.condition === "exit") waiter.resolve(exitCode);
    }
  }

  /** Whatever they wait for: nothing else will come. */
  removed(id: string, exitCode: number): void {
    for (const waiter of this.#waiters.get(id) ?? []) waiter.resolve(exitCode);
  }
}
