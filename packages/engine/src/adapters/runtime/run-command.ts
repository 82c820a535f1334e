import { spawn } from "node:child_process";
import { EngineError, messageOf } from "../../core/errors.ts";

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Fails only if it cannot be run at all. */
export function runCommand(path: string, args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, { stdio: ["ignore", "pipe", "pipe"], env: runtimeEnvironment });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) =>
      reject(new EngineError("internal", `run ${path}: ${messageOf(error)}`, { cause: error })),
    );
    child.on("close", (code, signal) => {
      resolve({
        exitCode: code ?? 128,
        stdout,
        stderr: signal === null ? stderr : `${stderr}killed by ${signal}`,
      });
    });
  });
}

/** Nothing of the engine's own: a NOTIFY_SOCKET, for one, would make runc report to the engine's service manager. */
export const runtimeEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};
