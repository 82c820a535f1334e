import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

interface Waiter {
  readonly matches: (line: string) => boolean;
  readonly resolve: (line: string) => void;
}

/** A long-running program whose standard error is watched line by line. */
export class DaemonProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiters = new Set<Waiter>();
  /** The exit code; a signal's is 128. */
  readonly exited: Promise<number>;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.exited = new Promise((done, failed) => {
      child.once("exit", (code) => done(code ?? 128));
      child.once("error", failed);
    });
    this.exited.catch(() => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#onLine(line));
    }
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the program was not started");
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it has printed so far. */
  get log(): readonly string[] {
    return this.#lines;
  }

  /** The first line, past (from the given one on) or to come, that contains the text or matches the expression. */
  async line(pattern: string | RegExp, from = 0, signal = AbortSignal.timeout(30_000)): Promise<string> {
    const matches = (line: string): boolean =>
      typeof pattern === "string" ? line.includes(pattern) : pattern.test(line);
    const present = this.#lines.slice(from).find(matches);
    if (present !== undefined) return present;
    const appeared = Promise.withResolvers<string>();
    const waiter: Waiter = { matches, resolve: appeared.resolve };
    const abort = (): void => appeared.reject(new Error(this.#complaint(`no line ${String(pattern)}`)));
    this.#waiters.add(waiter);
    signal.addEventListener("abort", abort);
    const ended = this.exited.then((code) => {
      throw new Error(this.#complaint(`exit code ${String(code)}`));
    });
    try {
      return await Promise.race([appeared.promise, ended]);
    } finally {
      this.#waiters.delete(waiter);
      signal.removeEventListener("abort", abort);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  #onLine(line: string): void {
    this.#lines.push(line);
    for (const waiter of this.#waiters) if (waiter.matches(line)) waiter.resolve(line);
  }

  #complaint(what: string): string {
    return `${this.#child.spawnfile}: ${what}; its last lines:\n${this.#lines.slice(-20).join("\n")}`;
  }
}
