import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Tells when a file was written, made or replaced, through inotify on its directory. */
export class FileChange {
  readonly #watcher: FSWatcher;
  #changed = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(path: string) {
    const name = basename(path);
    this.#watcher = watch(dirname(path), (_event, changed) => {
      if (changed === null || changed === name) this.notify();
    });
    this.#watcher.on("error", (error: Error) => {
      this.#error = error;
      this.notify();
    });
  }

  /** Ends the present wait, or the next one at once. */
  notify(): void {
    this.#changed = true;
    this.#wake();
  }

  /** Resolves at the first change since the last time it did. */
  async wait(): Promise<void> {
    if (!this.#changed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#changed = false;
    if (this.#error !== undefined) throw this.#error;
  }

  close(): void {
    this.#watcher.close();
  }
}
