import { constants } from "node:os";

const stopping = ["SIGINT", "SIGTERM"] as const;

/** What a shell reports for a process that a signal ended. */
export const exitCodeOf = (name: NodeJS.Signals): number => 128 + constants.signals[name];

/**
 * Signals that reach this process. They abort `signal`, which ends the running command, unless somebody has
 * taken them (to forward them to a container).
 */
export class Interrupts {
  readonly #controller = new AbortController();
  readonly #process: NodeJS.EventEmitter;
  readonly #abort: (name: NodeJS.Signals) => void;
  #received: NodeJS.Signals | undefined;

  constructor(source: NodeJS.EventEmitter) {
    this.#process = source;
    this.#abort = (name) => {
      this.#received = name;
      this.#controller.abort();
    };
    for (const name of stopping) source.on(name, this.#abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The signal that aborted the command. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  /** As if the signal had arrived; a terminal in raw mode delivers Ctrl-C as a byte. */
  raise(name: NodeJS.Signals): void {
    this.#abort(name);
  }

  /** Hands these signals to `listener` until the returned function is called. */
  take(names: readonly NodeJS.Signals[], listener: (name: NodeJS.Signals) => void): () => void {
    const taken = stopping.filter((name) => names.includes(name));
    for (const name of names) this.#process.on(name, listener);
    for (const name of taken) this.#process.off(name, this.#abort);
    return () => {
      for (const name of taken) this.#process.on(name, this.#abort);
      for (const name of names) this.#process.off(name, listener);
    };
  }

  close(): void {
    for (const name of stopping) this.#process.off(name, this.#abort);
  }
}
