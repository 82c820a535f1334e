import { spawn } from "node:child_process";
import { EngineError, messageOf } from "../../core/errors.ts";

export interface ProgramRun {
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** For programs that look for `ip` and `iptables` themselves. */
export const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs a program to its end. Fails if it cannot be run, or if the signal ends it. */
export function runProgram(command: readonly string[], run: ProgramRun = {}): Promise<ProgramResult> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: searchPath, ...run.env },
      ...(run.signal === undefined ? {} : { signal: run.signal }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    // It may end without reading all of its input; its exit code tells the rest.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      const kind = error.name === "AbortError" ? "canceled" : "internal";
      reject(new EngineError(kind, `run ${program}: ${messageOf(error)}`, { cause: error }));
    });
    child.on("close", (code) => resolve({ exitCode: code ?? 128, stdout, stderr }));
    child.stdin.end(run.input ?? "");
  });
}
