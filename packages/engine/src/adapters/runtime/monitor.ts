import { spawn } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import * as z from "zod";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import { searchPath } from "../../linux/run-program.ts";
import { runtimeMessage } from "./runtime-message.ts";

// The monitor is conmon: https://github.com/containers/conmon

export interface MonitorRequest {
  readonly conmonPath: string;
  readonly runtimePath: string;
  readonly runtimeRoot: string;
  readonly id: string;
  readonly bundle: string;
  readonly persistDir: string;
  readonly exitDir: string;
  readonly logPath: string;
  readonly logLimitBytes: number | undefined;
  readonly stdin: boolean;
  readonly keepStdinOpen: boolean;
  readonly terminal: boolean;
}

const answerSchema = z.object({ data: z.number().int(), message: z.string().optional() });

/** Cannot be run for what the request asks, as opposed to a host that fails. */
const unrunnable =
  /exec: |executable file not found|no such file or directory|permission denied|args must not be empty/;

function monitorArgs(request: MonitorRequest): readonly string[] {
  const { id, persistDir } = request;
  const options: readonly (readonly string[])[] = [
    ["--api-version", "1", "-c", id, "-u", id, "-n", id],
    ["-r", request.runtimePath, "-b", request.bundle, "--exit-dir", request.exitDir],
    ["--persist-dir", persistDir, "-p", `${persistDir}/pid`, "-P", `${persistDir}/monitor.pid`],
    ["-l", `k8s-file:${request.logPath}`],
    // The socket is then `<bundle>/attach` whatever the length of that path; and no fsync delays the exit.
    ["--full-attach", "--no-sync-log"],
    ["--root", request.runtimeRoot, "--log-format", "json"].flatMap((item) => ["--runtime-arg", item]),
    request.logLimitBytes === undefined ? [] : ["--log-size-max", String(request.logLimitBytes)],
    request.stdin ? ["-i"] : [],
    request.keepStdinOpen ? ["--leave-stdin-open"] : [],
    request.terminal ? ["-t"] : [],
  ];
  return options.flat();
}

/** Starts a monitor, which creates the process; answers its PID. The monitor leaves our session and outlives us. */
export async function startMonitor(request: MonitorRequest, signal?: AbortSignal): Promise<number> {
  const abandon = (): void => endMonitor(request.persistDir);
  signal?.addEventListener("abort", abandon, { once: true });
  try {
    const { answer, stderr } = await askMonitor(request);
    if (answer === undefined) {
      if (signal?.aborted) throw new EngineError("canceled", "create process: canceled");
      throw new EngineError("internal", `start monitor: ${stderr.trim() || "it ended without an answer"}`);
    }
    const { data, message = "" } = answer;
    if (data > 0) return data;
    const reason = runtimeMessage(message);
    throw new EngineError(
      unrunnable.test(reason) ? "invalid" : "internal",
      `OCI runtime create failed: ${reason === "" ? `exit code ${-data}` : reason}`,
    );
  } finally {
    signal?.removeEventListener("abort", abandon);
  }
}

interface Reply {
  readonly answer: z.output<typeof answerSchema> | undefined;
  readonly stderr: string;
}

/** The locale, because conmon reads its arguments in it: paths may have any name. */
export const monitorEnvironment: Readonly<Record<string, string>> = {
  PATH: searchPath,
  LC_ALL: "C.UTF-8",
  _OCI_SYNCPIPE: "3",
};

function askMonitor(request: MonitorRequest): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const child = spawn(request.conmonPath, monitorArgs(request), {
      cwd: request.bundle,
      detached: true,
      env: monitorEnvironment,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    const failed = (error: unknown): void =>
      reject(new EngineError("internal", `start monitor: ${messageOf(error)}`, { cause: error }));
    child.on("error", failed);
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const answers = child.stdio[3];
    if (!isReadable(answers)) return;
    let text = "";
    answers.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("\n")) answers.destroy();
    });
    answers.on("error", failed);
    answers.on("close", () => {
      child.stderr?.destroy();
      resolve({ answer: parseAnswer(text), stderr });
    });
  });
}

const isReadable = (stream: unknown): stream is Readable => stream instanceof Socket;

function parseAnswer(text: string): Reply["answer"] {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Ends a monitor that is still creating its process: the runtime dies with it. Never throws. */
function endMonitor(persistDir: string): void {
  try {
    const pid = pidIn(readFileSync(`${persistDir}/monitor.pid`, "utf8"));
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  } catch {
    // Not yet written, over already, or not to be read: the monitor's answer settles it.
  }
}

/** The PID in a file that may be only half written: 0 and negative numbers, and so an empty file, would mean whole groups. */
export function pidIn(text: string): number | undefined {
  const pid = Number(text);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

/**
 * Calls `onGone` once when the monitor of a bundle has ended, however it ended; at once if there is none. The returned function stops
 * watching. A monitor holds its `ctl` FIFO open for writing as long as it lives, so the end of file is its end; nothing is to be
 * written to that FIFO (sizes of terminals go to `winsz`).
 */
export function watchMonitor(bundle: string, onGone: () => void): () => void {
  const fd = openMonitorFifo(bundle);
  if (fd === undefined) {
    queueMicrotask(onGone);
    return () => undefined;
  }
  const fifo = new Socket({ fd, readable: true, writable: false });
  let watching = true;
  fifo.on("error", () => undefined);
  fifo.on("close", () => {
    if (watching) onGone();
  });
  fifo.resume();
  return () => {
    watching = false;
    fifo.destroy();
  };
}

function openMonitorFifo(bundle: string): number | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(`${bundle}/ctl`, constants.O_RDONLY | constants.O_NONBLOCK);
    // The kernel reports the hang-up only of writers that were there after we opened: earlier ones are seen by reading.
    readSync(fd, new Uint8Array(1));
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EAGAIN") return fd;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
  }
  if (fd !== undefined) closeSync(fd);
  return undefined;
}
