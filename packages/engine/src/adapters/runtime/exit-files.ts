import { type FSWatcher, watch } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { EngineError, errnoOf, wrapError } from "../../core/errors.ts";

export interface ExitFile {
  readonly exitCode: number;
  readonly exitedAt: Date;
}

interface Waiter {
  readonly resolve: (exit: ExitFile) => void;
  readonly reject: (error: unknown) => void;
}

/** One directory in which monitors leave a file per ended process: its exit code, at the time of its end. */
export class ExitFiles {
  readonly dir: string;
  readonly #waiters = new Map<string, Set<Waiter>>();
  #watcher: FSWatcher | undefined;

  constructor(dir: string) {
    this.dir = dir;
  }

  async read(id: string): Promise<ExitFile | undefined> {
    const path = this.#path(id);
    try {
      const [text, { mtime }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
      const code = Number.parseInt(text, 10);
      return { exitCode: code >= 0 && code <= 255 ? code : 255, exitedAt: mtime };
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Records an end that no monitor was there to record. */
  async write(id: string, exitCode: number): Promise<void> {
    const temporary = `${this.dir}/.${id}`;
    await writeFile(temporary, String(exitCode), { mode: 0o600 });
    await rename(temporary, this.#path(id));
  }

  /** Forgets a process; whoever still waits for it is told how it ended. */
  async remove(id: string): Promise<void> {
    const exit = await this.read(id);
    this.#settle(id, (waiter) => {
      if (exit !== undefined) waiter.resolve(exit);
      else waiter.reject(new EngineError("not-found", `wait for process ${id}: it was removed`));
    });
    await rm(this.#path(id), { force: true });
  }

  /** Resolves once the file is there. */
  async wait(id: string, signal?: AbortSignal): Promise<ExitFile> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const canceled = (): EngineError => new EngineError("canceled", `wait for process ${id}: canceled`);
    if (signal?.aborted) throw canceled();
    const { promise, resolve, reject } = Promise.withResolvers<ExitFile>();
    const waiter: Waiter = { resolve, reject };
    promise.catch(() => undefined); // It may be rejected while the file is being read, before it is awaited.
    const onAbort = (): void => reject(canceled());
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#add(id, waiter);
    try {
      // Only after the watch is armed: what was written before it is found here, what comes after it there.
      const present = await this.read(id);
      return present ?? (await promise);
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#drop(id, waiter);
    }
  }

  #path(id: string): string {
    return `${this.dir}/${id}`;
  }

  #add(id: string, waiter: Waiter): void {
    if (this.#watcher === undefined) this.#watcher = this.#arm();
    const waiters = this.#waiters.get(id);
    if (waiters === undefined) this.#waiters.set(id, new Set([waiter]));
    else waiters.add(waiter);
  }

  #drop(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(id);
    if (this.#waiters.size > 0) return;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #arm(): FSWatcher {
    const watcher = watch(this.dir, (_event, name) => {
      if (name !== null && this.#waiters.has(name)) void this.#announce(name);
    });
    watcher.on("error", (error) => {
      for (const id of this.#waiters.keys()) this.#fail(id, error);
    });
    return watcher;
  }

  async #announce(id: string): Promise<void> {
    try {
      const exit = await this.read(id);
      if (exit !== undefined) this.#settle(id, (waiter) => waiter.resolve(exit));
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #fail(id: string, error: unknown): void {
    this.#settle(id, (waiter) => waiter.reject(wrapError(`wait for process ${id}`, error)));
  }

  #settle(id: string, tell: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiters.get(id) ?? []) tell(waiter);
  }
}
