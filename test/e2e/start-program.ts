import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A program that runs until it is told to stop. */
export interface StartedProgram extends AsyncDisposable {
  /** What it has printed so far, on either stream. */
  readonly log: readonly string[];
  /** The first line, past or to come, with this text; fails if it ends before. */
  line(text: string): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM; answers its exit code. */
  stop(): Promise<number>;
}

/** Starts a program, in this process's environment unless another is given; ends with its test. */
export function startProgram(
  command: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): StartedProgram {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const log: string[] = [];
  const watchers = new Set<(line: string) => void>();
  const ended = new Promise<number>((done) => child.once("exit", (code) => done(code ?? 128)));
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      log.push(line);
      for (const watcher of watchers) watcher(line);
    });
  }
  const stop = (): Promise<number> => {
    child.kill("SIGTERM");
    return ended;
  };
  return {
    log,
    stop,
    signal: (name) => void child.kill(name),
    async line(text) {
      const known = log.find((line) => line.includes(text));
      if (known !== undefined) return known;
      const { promise, resolve } = Promise.withResolvers<string>();
      watchers.add((line) => {
        if (line.includes(text)) resolve(line);
      });
      const gone = ended.then((code) => {
        throw new Error(`${command} ended with ${String(code)} and without ${text}:\n${log.join("\n")}`);
      });
      return Promise.race([promise, gone]);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop();
    },
  };
}
