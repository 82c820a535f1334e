import { spawn } from "node:child_process";
import { EngineError, errnoOf, messageOf } from "../core/errors.ts";

export interface ProgramRun {
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input; empty unless given. */
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ProgramResult {
  /** 128 if a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the system's programs are, and where they look for each other. */
export const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Runs one of the system's programs to its end. Fails only if it cannot be run, or if the signal ends it. It gets nothing
 * of the engine's own environment: a NOTIFY_SOCKET, for one, would make runc report to the engine's service manager.
 */
export function runProgram(command: readonly string[], run: ProgramRun = {}): Promise<ProgramResult> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [run.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      env: { PATH: searchPath, ...run.env },
      ...(run.signal === undefined ? {} : { signal: run.signal }),
    });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    // It may end without reading all of its input; its exit code tells the rest.
    child.stdin?.on("error", () => undefined);
    child.on("error", (error) => reject(startFailure(program, error)));
    child.on("close", (code, signal) => {
      const killed = signal === null ? "" : `killed by ${signal}`;
      resolve({ exitCode: code ?? 128, stdout, stderr: stderr + killed });
    });
    child.stdin?.end(run.input);
  });
}

/** Why a program could not be run. */
export function startFailure(program: string, error: unknown): EngineError {
  if (error instanceof Error && error.name === "AbortError") {
    return new EngineError("canceled", `run ${program}: canceled`, { cause: error });
  }
  const reason = errnoOf(error) === "ENOENT" ? "the program is not installed" : messageOf(error);
  return new EngineError("unavailable", `run ${program}: ${reason}`, { cause: error });
}
