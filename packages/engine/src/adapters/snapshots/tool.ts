import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EngineError, errnoOf } from "../../core/errors.ts";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { startFailure } from "../../linux/run-program.ts";
import { WatchedSource } from "./watched-source.ts";

export interface ToolRun {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly input?: ByteStream;
  /** Ends the run as soon as its standard error says this. */
  readonly stopOn?: RegExp;
  readonly signal?: AbortSignal | undefined;
}

const maxStderr = 16 * 1024;

/** The environment of every tool: messages in English, names in UTF-8. */
export const toolEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  LC_ALL: "C.UTF-8",
  // The newer mount calls limit each option to 256 bytes, which a list of lower directories exceeds.
  LIBMOUNT_FORCE_MOUNT2: "always",
});

/** Runs one of the system's tools; whatever happens, its process is gone afterwards. */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<ToolRun> {
  const { cwd, input, stopOn, signal } = options;
  if (isAborted(signal)) throw canceled(command, signal);
  const child = spawn(command, args, {
    env: toolEnvironment(),
    stdio: ["pipe", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error) => reject(startFailure(command, error)));
    child.once("close", resolve);
  });
  const kill = (): void => void child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  const source = new WatchedSource(input ?? Readable.from([]));
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < maxStderr) stderr += text;
    if (stopOn?.test(text) === true) kill();
  });
  try {
    const feeding = pipeline(source, child.stdin, signal === undefined ? {} : { signal }).catch(
      (error: unknown) => {
        // A tool that stopped reading has its own reason to tell; a source that failed (a connection may break with the
        // same code) must not look like a whole one.
        if (source.failure === undefined && isBrokenPipe(error)) return;
        kill();
        throw error;
      },
    );
    const [fed, ended] = await Promise.allSettled([feeding, closed]);
    if (isAborted(signal)) throw canceled(command, signal);
    if (ended.status === "rejected") throw ended.reason;
    if (source.failure !== undefined) throw source.failure.error;
    if (fed.status === "rejected") throw fed.reason;
    return { code: ended.value, stdout, stderr };
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

const isBrokenPipe = (error: unknown): boolean =>
  ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"].includes(
    errnoOf(error) ?? "",
  );

export const canceled = (action: string, signal: AbortSignal | undefined): EngineError =>
  new EngineError("canceled", `${action}: canceled`, { cause: signal?.reason });

/** What a tool said, on one line and without its own name. */
export function saying(command: string, run: ToolRun): string {
  const lines = run.stderr
    .split("\n")
    .map((line) => (line.startsWith(`${command}: `) ? line.slice(command.length + 2) : line).trim())
    .filter((line) => line !== "" && !/^Error exit delayed|^Removing leading/.test(line));
  const shown = lines.slice(0, 3).join("; ");
  return shown === "" ? `${command} ended with ${run.code ?? "a signal"}` : shown;
}
