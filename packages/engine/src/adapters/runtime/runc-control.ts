import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { EngineError } from "../../core/errors.ts";
import type {
  ExecRequest,
  ExecutedProcess,
  ProcessControl,
  ProcessUsage,
  ResourceUpdate,
} from "../../core/ports/process-control.ts";
import type { RuntimeNamespace } from "../../core/ports/runtime.ts";
import { runProgram } from "../../linux/run-program.ts";
import { startExecMonitor } from "./exec-monitor.ts";
import { killSession } from "./kill-session.ts";
import { runtimeMessage } from "./runtime-message.ts";
import { parseUsage } from "./runtime-usage.ts";

export interface RuncControlOptions {
  /** An OCI runtime with runc's command line. */
  readonly runcPath: string;
  readonly conmonPath: string;
  /** The runtime's own state, one directory per namespace below it. */
  readonly stateRoot: string;
}

const pidsSchema = z.array(z.number().int().positive()).nullable();

/** Asks runc, which knows both kinds of control groups. */
export class RuncControl implements ProcessControl {
  readonly #options: RuncControlOptions;

  constructor(options: RuncControlOptions) {
    this.#options = options;
  }

  async exec(request: ExecRequest): Promise<ExecutedProcess> {
    const { namespace, id, bundle, process, logPath, stdin } = request;
    const remove = (): Promise<void> => rm(bundle, { recursive: true, force: true });
    await mkdir(bundle, { recursive: true, mode: 0o700 });
    try {
      const processPath = `${bundle}/process.json`;
      await writeFile(processPath, JSON.stringify(process), { mode: 0o600 });
      if (logPath !== undefined) await mkdir(dirname(logPath), { recursive: true, mode: 0o700 });
      const { pid, exited } = await startExecMonitor({
        conmonPath: this.#options.conmonPath,
        runtimePath: this.#options.runcPath,
        runtimeRoot: this.#root(namespace),
        id,
        bundle,
        processPath,
        logPath,
        stdin,
        terminal: process.terminal,
      });
      return { pid, exited: followedBy(exited, remove) };
    } catch (error) {
      await remove();
      throw error;
    }
  }

  killExecuted(namespace: RuntimeNamespace, id: string, pid: number): Promise<void> {
    // The runtime makes it the leader of a session.
    return killSession(pid, () => this.pids(namespace, id));
  }

  async pause(namespace: RuntimeNamespace, id: string): Promise<void> {
    await this.#run(namespace, "pause", [id]);
  }

  async resume(namespace: RuntimeNamespace, id: string): Promise<void> {
    await this.#run(namespace, "resume", [id]);
  }

  async pids(namespace: RuntimeNamespace, id: string): Promise<readonly number[]> {
    return pidsSchema.parse(JSON.parse(await this.#run(namespace, "ps", ["--format", "json", id]))) ?? [];
  }

  async hostProcesses(psArguments: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await runProgram(["ps", ...psArguments]);
    if (exitCode === 0) return stdout;
    throw new EngineError("internal", `ps: ${stderr.trim().split("\n", 1)[0] ?? `exit status ${exitCode}`}`);
  }

  async usage(namespace: RuntimeNamespace, id: string): Promise<ProcessUsage> {
    return parseUsage(await this.#run(namespace, "events", ["--stats", id]));
  }

  async update(namespace: RuntimeNamespace, id: string, resources: ResourceUpdate): Promise<void> {
    await this.#run(namespace, "update", ["--resources", "-", id], JSON.stringify(resources));
  }

  async #run(
    namespace: RuntimeNamespace,
    verb: string,
    args: readonly string[],
    input?: string,
  ): Promise<string> {
    const command = [this.#options.runcPath, "--root", this.#root(namespace), "--log-format", "json", verb];
    const { exitCode, stdout, stderr } = await runProgram(
      [...command, ...args],
      input === undefined ? {} : { input },
    );
    if (exitCode === 0) return stdout;
    throw new EngineError("internal", `OCI runtime ${verb} failed: ${runtimeMessage(stderr)}`);
  }

  #root(namespace: RuntimeNamespace): string {
    return `${this.#options.stateRoot}/${namespace}`;
  }
}

async function followedBy<Result>(work: Promise<Result>, cleanUp: () => Promise<void>): Promise<Result> {
  try {
    return await work;
  } finally {
    await cleanUp();
  }
}
