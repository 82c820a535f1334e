import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface CommandOptions {
  /** Replaces the environment, unless left out. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Standard input; empty by default. */
  readonly input?: string | Uint8Array | undefined;
  readonly cwd?: string | undefined;
  /** Kills the command; after two minutes by default. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end; a non-zero exit code is an answer, not an error. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { env, input, cwd, signal = AbortSignal.timeout(120_000) }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    env,
    cwd,
    signal,
    stdio: ["pipe", "pipe", "pipe"],
    killSignal: "SIGKILL",
  });
  const ended = new Promise<number>((done, failed) => {
    child.once("close", (code, killer) => done(code ?? (killer === null ? 0 : 128)));
    child.once("error", failed);
  });
  // A program may exit without reading its input.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, exitCode };
}

/** Runs a program that is meant to succeed; answers its standard output. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const { stdout, stderr, exitCode } = await runCommand(command, args, options);
  if (exitCode !== 0) {
    throw new Error(`${command} ${args.join(" ")}: exit code ${String(exitCode)}: ${stderr || stdout}`);
  }
  return stdout;
}
