import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import * as z from "zod";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { ExecutedProcess } from "../../core/ports/process-control.ts";
import { monitorEnvironment } from "./monitor.ts";
import { runtimeMessage } from "./runtime-message.ts";

export interface ExecMonitorRequest {
  readonly conmonPath: string;
  readonly runtimePath: string;
  readonly runtimeRoot: string;
  readonly id: string;
  readonly bundle: string;
  /** In the bundle. */
  readonly processPath: string;
  readonly logPath: string | undefined;
  readonly stdin: boolean;
  readonly terminal: boolean;
}

const unknownExitCode = 255;

const answerSchema = z.object({ data: z.number().int(), message: z.string().default("") });
type Answer = z.output<typeof answerSchema>;

function monitorArgs(request: ExecMonitorRequest): readonly string[] {
  const { id, bundle } = request;
  const options: readonly (readonly string[])[] = [
    ["--api-version", "1", "-c", id, "-u", id, "-n", id, "-r", request.runtimePath, "-b", bundle],
    ["-e", "--exec-process-spec", request.processPath, "--persist-dir", bundle, "-p", `${bundle}/pid`],
    ["-l", request.logPath === undefined ? "none" : `k8s-file:${request.logPath}`],
    ["--full-attach", "--no-sync-log"],
    ["--root", request.runtimeRoot, "--log-format", "json"].flatMap((item) => ["--runtime-arg", item]),
    request.stdin ? ["-i"] : [],
    request.terminal ? ["-t"] : [],
  ];
  return options.flat();
}

/**
 * Starts a monitor that runs a program in a running container. Besides the PID its pipe tells the exit code in the end;
 * if this engine dies before, nobody is left who would ask.
 */
export async function startExecMonitor(request: ExecMonitorRequest): Promise<ExecutedProcess> {
  const child = spawn(request.conmonPath, monitorArgs(request), {
    cwd: request.bundle,
    detached: true,
    env: monitorEnvironment,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < 4096) stderr += text;
  });
  // The pipe, not the child, tells how it goes: the monitor leaves our process tree.
  child.unref();
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", (error) =>
      reject(new EngineError("internal", `start monitor: ${messageOf(error)}`, { cause: error })),
    );
  });
  failed.catch(() => undefined);
  const pipe = child.stdio[3];
  if (!(pipe instanceof Socket)) return failed;
  const answers = answersOf(pipe);
  const first = await Promise.race([answers.next(), failed]);
  child.stderr?.destroy();
  if (first.done === true) {
    throw new EngineError("internal", `start monitor: ${stderr.trim() || "it ended without an answer"}`);
  }
  const { data, message } = first.value;
  if (data <= 0) {
    pipe.destroy();
    const reason = runtimeMessage(message);
    throw new EngineError(
      "invalid",
      `OCI runtime exec failed: ${reason === "" ? `exit code ${-data}` : reason}`,
    );
  }
  return { pid: data, exited: exitCodeOf(answers) };
}

async function* answersOf(pipe: Socket): AsyncGenerator<Answer, undefined, undefined> {
  for await (const line of createInterface({ input: pipe })) {
    const answer = parseAnswer(line);
    if (answer !== undefined) yield answer;
  }
  return undefined;
}

/** A monitor that was killed tells nothing. */
async function exitCodeOf(answers: AsyncGenerator<Answer, undefined, undefined>): Promise<number> {
  try {
    const last = await answers.next();
    const code = last.done === true ? unknownExitCode : last.value.data;
    return code >= 0 && code <= 255 ? code : unknownExitCode;
  } catch {
    return unknownExitCode;
  }
}

function parseAnswer(text: string): Answer | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
