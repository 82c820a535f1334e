import { mkdir, readdir, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { unlimited } from "../../core/container/limits.ts";
import { EngineError, errnoOf, isCanceled, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  ProcessExit,
  ProcessRequest,
  ProcessState,
  Runtime,
  RuntimeNamespace,
} from "../../core/ports/runtime.ts";
import type { RuntimeSpec } from "../../core/runtime-spec/spec.ts";
import { runProgram } from "../../linux/run-program.ts";
import { type ExitFile, ExitFiles } from "./exit-files.ts";
import { startMonitor, watchMonitor } from "./monitor.ts";
import { isAlive, startTimeOf } from "./proc.ts";
import { type ProcessRecord, readProcessRecord, writeProcessRecord } from "./process-record.ts";
import { runtimeMessage } from "./runtime-message.ts";
import { signalNumber } from "./signal-number.ts";

export interface ConmonRuntimeOptions {
  /** An OCI runtime with runc's command line. */
  readonly runcPath: string;
  readonly conmonPath: string;
  /** The runtime's own state, one directory per namespace below it. */
  readonly stateRoot: string;
  /** Where monitors leave exit codes, one directory per namespace below it. */
  readonly exitDir: string;
  /** What the engine and the monitors remember of each process; as short-lived as the processes (a tmpfs). */
  readonly persistDir: string;
  readonly logger: Logger;
}

/** How long a killed process may take to end before `delete` gives up; it is stuck in the kernel then. */
const killTimeoutMs = 10_000;

const unknownExitCode = 255;
const killedExitCode = 137;

const stateSchema = z.object({ pid: z.number().int(), status: z.string() });

/** Processes under runc, each watched by a conmon of its own that the engine's death does not touch. */
export class ConmonRuntime implements Runtime {
  readonly #options: ConmonRuntimeOptions;
  readonly #exits: Readonly<Record<RuntimeNamespace, ExitFiles>>;

  constructor(options: ConmonRuntimeOptions) {
    this.#options = options;
    this.#exits = {
      "plugins.moby": new ExitFiles(`${options.exitDir}/plugins.moby`),
      moby: new ExitFiles(`${options.exitDir}/moby`),
    };
  }

  async create(request: ProcessRequest, signal?: AbortSignal): Promise<{ readonly pid: number }> {
    const { namespace, id, bundle, spec } = request;
    if (signal?.aborted) throw new EngineError("canceled", `create process ${id}: canceled`);
    await this.delete(namespace, id);
    const persistDir = this.#persistDir(namespace, id);
    await Promise.all(
      [bundle, persistDir, this.#exits[namespace].dir, this.#root(namespace)].map((dir) =>
        mkdir(dir, { recursive: true, mode: 0o700 }),
      ),
    );
    try {
      await writeFile(`${bundle}/config.json`, specText(spec), { mode: 0o600 });
      await mkdir(dirname(request.logPath), { recursive: true, mode: 0o700 });
      const pid = await startMonitor(
        {
          conmonPath: this.#options.conmonPath,
          runtimePath: this.#options.runcPath,
          runtimeRoot: this.#root(namespace),
          id,
          bundle,
          persistDir,
          exitDir: this.#exits[namespace].dir,
          logPath: request.logPath,
          logLimitBytes: request.logLimitBytes,
          stdin: request.stdin ?? false,
          keepStdinOpen: request.keepStdinOpen ?? false,
          terminal: spec.process.terminal,
        },
        signal,
      );
      // A process that is gone already has a start time that no later process can have.
      await writeProcessRecord(persistDir, { bundle, pid, startTime: startTimeOf(pid) ?? "gone" });
      if (signal?.aborted) throw new EngineError("canceled", `create process ${id}: canceled`);
      return { pid };
    } catch (error) {
      await this.#undoCreate(request);
      throw error;
    }
  }

  async start(namespace: RuntimeNamespace, id: string): Promise<void> {
    const { exitCode, stderr } = await this.#runtime(namespace, "start", id);
    if (exitCode === 0) return;
    throw new EngineError("invalid", `OCI runtime start failed: ${runtimeMessage(stderr)}`);
  }

  async kill(namespace: RuntimeNamespace, id: string, signal: string): Promise<void> {
    const number = signalNumber(signal);
    const record = await readProcessRecord(this.#persistDir(namespace, id));
    if (record === undefined || !sendSignal(record, number)) {
      throw new EngineError("conflict", `send ${signal} to process ${id}: it is not running`);
    }
  }

  async delete(namespace: RuntimeNamespace, id: string): Promise<void> {
    const persistDir = this.#persistDir(namespace, id);
    const record = await readProcessRecord(persistDir);
    const known = await exists(`${this.#root(namespace)}/${id}`);
    if (record !== undefined && isAlive(record)) {
      sendSignal(record, signalNumber("SIGKILL"));
      await this.#waitForEnd(namespace, id);
    }
    if (known) {
      const { exitCode, stderr } = await this.#runtime(namespace, "delete", "--force", id);
      // With --force, one that is not there any more is no error to the runtime either.
      if (exitCode !== 0) {
        throw new EngineError("internal", `delete process ${id}: ${runtimeMessage(stderr)}`);
      }
    }
    await this.#exits[namespace].remove(id);
    if (record !== undefined) await removeBundle(record.bundle);
    await rm(persistDir, { recursive: true, force: true });
  }

  async state(namespace: RuntimeNamespace, id: string): Promise<ProcessState> {
    const exit = await this.#exits[namespace].read(id);
    if (exit !== undefined) return { status: "stopped", exit: await this.#exitOf(namespace, id, exit) };
    const record = await readProcessRecord(this.#persistDir(namespace, id));
    const stateDir = `${this.#root(namespace)}/${id}`;
    if (record === undefined)
      return (await exists(stateDir)) ? this.#askState(namespace, id) : { status: "absent" };
    if (!isAlive(record)) return { status: "stopped", exit: undefined };
    // The runtime holds the process back at this FIFO until it is started.
    const created = await exists(`${stateDir}/exec.fifo`);
    return { status: created ? "created" : "running", pid: record.pid };
  }

  async list(namespace: RuntimeNamespace): Promise<readonly string[]> {
    const dirs = [this.#root(namespace), `${this.#options.persistDir}/${namespace}`];
    const names = await Promise.all(dirs.map(namesIn));
    return [...new Set(names.flat())].toSorted();
  }

  async waitForExit(namespace: RuntimeNamespace, id: string, signal?: AbortSignal): Promise<ProcessExit> {
    const exits = this.#exits[namespace];
    const present = await exits.read(id);
    if (present !== undefined) return this.#exitOf(namespace, id, present);
    const record = await readProcessRecord(this.#persistDir(namespace, id));
    if (record === undefined) throw new EngineError("not-found", `wait for process ${id}: no such process`);
    const stop = new AbortController();
    const unwatch = watchMonitor(record.bundle, () => {
      this.#monitorGone(namespace, id, record).catch((error: unknown) => stop.abort(error));
    });
    const signals = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    try {
      return await this.#exitOf(namespace, id, await exits.wait(id, signals));
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      throw error;
    } finally {
      unwatch();
    }
  }

  /**
   * The monitor has ended. If it did not record an exit it was killed: nothing would hear of the process, and nothing reads its output,
   * so the process is ended and recorded here.
   */
  async #monitorGone(namespace: RuntimeNamespace, id: string, record: ProcessRecord): Promise<void> {
    const exits = this.#exits[namespace];
    if ((await exits.read(id)) !== undefined) return;
    // Removed in the meantime: whoever waits has been told.
    if ((await readProcessRecord(this.#persistDir(namespace, id))) === undefined) return;
    const killed = sendSignal(record, signalNumber("SIGKILL"));
    this.#options.logger.warn({ id, namespace, killed }, "monitor of a process is gone");
    await exits.write(id, killed ? killedExitCode : unknownExitCode);
  }

  async #exitOf(namespace: RuntimeNamespace, id: string, exit: ExitFile): Promise<ProcessExit> {
    return { namespace, id, ...exit, oomKilled: await exists(`${this.#persistDir(namespace, id)}/oom`) };
  }

  async #waitForEnd(namespace: RuntimeNamespace, id: string): Promise<void> {
    try {
      await this.waitForExit(namespace, id, AbortSignal.timeout(killTimeoutMs));
    } catch (error) {
      if (!isCanceled(error)) throw error;
      throw new EngineError(
        "internal",
        `delete process ${id}: it did not end within ${killTimeoutMs / 1000} seconds of SIGKILL`,
        { cause: error },
      );
    }
  }

  async #askState(namespace: RuntimeNamespace, id: string): Promise<ProcessState> {
    const { exitCode, stdout } = await this.#runtime(namespace, "state", id);
    if (exitCode !== 0) return { status: "absent" };
    const { pid, status } = stateSchema.parse(JSON.parse(stdout));
    if (status === "created" || status === "running" || status === "paused") return { status, pid };
    return { status: "stopped", exit: undefined };
  }

  async #undoCreate({ namespace, id, bundle }: ProcessRequest): Promise<void> {
    try {
      await this.delete(namespace, id);
      await removeBundle(bundle);
    } catch (error) {
      this.#options.logger.warn({ id, namespace, error: messageOf(error) }, "cannot undo a failed create");
    }
  }

  #runtime(namespace: RuntimeNamespace, ...args: readonly string[]) {
    const root = this.#root(namespace);
    return runProgram([this.#options.runcPath, "--root", root, "--log-format", "json", ...args]);
  }

  #root(namespace: RuntimeNamespace): string {
    return `${this.#options.stateRoot}/${namespace}`;
  }

  #persistDir(namespace: RuntimeNamespace, id: string): string {
    return `${this.#options.persistDir}/${namespace}/${id}`;
  }
}

/** `unlimited` becomes the number that it stands for, which a double cannot hold. */
const specText = (spec: RuntimeSpec): string =>
  JSON.stringify(spec).replaceAll(`:${unlimited}`, ":18446744073709551615");

/** False if the process is not there any more. */
function sendSignal(record: ProcessRecord, signal: number): boolean {
  if (!isAlive(record)) return false;
  try {
    return process.kill(record.pid, signal);
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false;
    throw error;
  }
}

/** Only what the engine and the monitor made there: the bundle may hold a mounted root file system. */
async function removeBundle(bundle: string): Promise<void> {
  const names = ["config.json", "attach", "ctl", "winsz", "oom"];
  await Promise.all(names.map((name) => rm(`${bundle}/${name}`, { force: true })));
  try {
    await rmdir(bundle);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== "ENOENT" && code !== "ENOTEMPTY" && code !== "EBUSY") throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}
