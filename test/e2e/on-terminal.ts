import { spawn } from "node:child_process";
import { findPeer } from "@davit/testkit";

/** A program on a terminal of its own. */
export interface Terminal extends AsyncDisposable {
  /** What it has shown so far. */
  readonly output: string;
  readonly exitCode: Promise<number>;
  /** Waits for a text that comes after those waited for before; fails if the program ends without it. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
}

/** Runs a program on a pseudo-terminal, which `script` makes. Ends with its test. */
export function onTerminal(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Terminal {
  const line = [program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const child = spawn(findPeer("script"), ["-qefc", `exec ${line}`, "/dev/null"], {
    env: { ...env, SHELL: "/bin/sh", TERM: "xterm" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  let position = 0;
  let check: () => void = () => undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    check();
  });
  // The program may end while keys are on their way.
  child.stdin.on("error", () => undefined);
  const exitCode = new Promise<number>((done, failed) => {
    child.once("close", (code) => done(code ?? 128));
    child.once("error", failed);
  });
  return {
    get output() {
      return output;
    },
    exitCode,
    type: (keys) => void child.stdin.write(keys),
    async shows(text) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      check = () => {
        const found = output.indexOf(text, position);
        if (found === -1) return;
        position = found + text.length;
        check = () => undefined;
        resolve(undefined);
      };
      check();
      const gone = exitCode.then((code) => {
        if (output.includes(text, position)) return;
        throw new Error(`the program ended with ${String(code)} and without ${text}:\n${output}`);
      });
      await Promise.race([promise, gone]);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGHUP");
      await exitCode;
    },
  };
}
