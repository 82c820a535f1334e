import { checkedName, resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { restartsAfterExit } from "../../core/container/restart-policy.ts";
import { startFailureExitCode } from "../../core/container/start-failure.ts";
import { afterAction, countsAsRunning, hasProcess } from "../../core/container/transitions.ts";
import { EngineError, messageOf, wrapError } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { TerminalSize } from "../../core/ports/process-input.ts";
import { type ContainerPorts, publishContainerEvent } from "./container-ports.ts";
import type { ContainerRemover } from "./container-remover.ts";
import type { ContainerStarter, StartedFacts } from "./container-starter.ts";
import type { ContainerStopper, StopOptions } from "./container-stopper.ts";
import type { ExitSettler } from "./exit-settler.ts";
import type { ExitWaiters, WaitCondition } from "./exit-waiters.ts";
import type { HealthMonitor } from "./health-monitor.ts";
import type { OutputReaders } from "./output-readers.ts";
import type { Restarts, TakeRestart } from "./restarts.ts";

export interface LifecycleParts {
  readonly queue: KeyedQueue;
  readonly starter: ContainerStarter;
  readonly stopper: ContainerStopper;
  readonly settler: ExitSettler;
  readonly remover: ContainerRemover;
  readonly waiters: ExitWaiters;
  readonly readers: OutputReaders;
  readonly restarts: Restarts;
  readonly health: HealthMonitor;
}

/**
 * Starts and stops containers and sees them end. What changes a container runs in its queue, one after the other; waiting
 * for an exit does not, because settling the exit needs the queue.
 */
export class ContainerLifecycle {
  readonly #ports: ContainerPorts;
  readonly #parts: LifecycleParts;

  constructor(ports: ContainerPorts, parts: LifecycleParts) {
    this.#ports = ports;
    this.#parts = parts;
    parts.restarts.onDue((id, take) => void this.#restartDue(id, take));
  }

  /** By full ID, name or prefix of the ID; not-found in the Engine's words. */
  resolve(typed: string): ContainerRecord {
    return resolveContainer(typed, this.#ports.state.containers.list());
  }

  start(typed: string, signal?: AbortSignal): Promise<"started" | "already-running"> {
    const { id } = this.resolve(typed);
    return this.#parts.queue.run(id, async () => {
      const record = this.resolve(id);
      if (record.status === "paused") {
        throw new EngineError("conflict", "cannot start a paused container, try unpause instead");
      }
      if (countsAsRunning(record)) return "already-running";
      afterAction(record.status, "start");
      this.#parts.restarts.cancel(id);
      const fresh: ContainerRecord = { ...record, restartCount: 0, manuallyStopped: false };
      try {
        await this.#startNow(fresh, signal);
      } catch (error) {
        await this.#settleFailedStart(fresh, error);
        throw error;
      }
      return "started";
    });
  }

  async #startNow(record: ContainerRecord, signal?: AbortSignal): Promise<void> {
    const commit = (started: StartedFacts): void =>
      this.#ports.state.containers.put({
        ...record,
        ...started,
        status: "running",
        exitCode: 0,
        error: "",
        oomKilled: false,
        startedAt: new Date().toISOString(),
      });
    await this.#parts.starter.start(record, commit, signal);
    publishContainerEvent(this.#ports.events, record, "start");
    this.#parts.readers.startRun(record.id);
    this.#parts.settler.watch(record.id);
    this.#parts.health.watch(record.id);
  }

  /** Its restart policy's delay is over. */
  async #restartDue(id: string, take: TakeRestart): Promise<void> {
    const { logger, state } = this.#ports;
    try {
      await this.#parts.queue.run(id, async () => {
        // A stop that was asked for in the meantime has its way.
        if (!take()) return;
        const record = state.containers.get(id);
        if (record === undefined) return;
        if (record.status !== "restarting" && record.status !== "exited") return;
        try {
          await this.#startNow(record);
        } catch (error) {
          logger.warn({ err: error, container: id }, "could not restart a container");
          this.#settleFailedRestart(record, messageOf(error));
        }
      });
    } catch (error) {
      logger.error({ err: error, container: id }, "could not restart a container");
    }
  }

  /** What it needs may come back, a volume's driver for one: it goes on being tried as its policy says. */
  #settleFailedRestart(record: ContainerRecord, error: string): void {
    const { state } = this.#ports;
    const exitCode = startFailureExitCode(error);
    const finishedAt = new Date().toISOString();
    const failed: ContainerRecord = { ...record, status: "exited", error, exitCode, finishedAt };
    this.#parts.readers.endRun(record.id);
    if (restartsAfterExit(failed)) {
      state.containers.put({ ...failed, status: "restarting", restartCount: record.restartCount + 1 });
      this.#parts.restarts.schedule(record.id, 0);
      return;
    }
    state.containers.put(failed);
    this.#parts.waiters.exited(record.id, failed);
  }

  async #settleFailedStart(record: ContainerRecord, error: unknown): Promise<void> {
    const { state, logger } = this.#ports;
    const message = messageOf(error);
    const failed = { ...record, error: message, exitCode: startFailureExitCode(message) };
    state.containers.put(failed);
    this.#parts.readers.endRun(record.id);
    if (!record.autoRemove) return;
    try {
      await this.#parts.remover.remove(failed, { removeAnonymous: true });
    } catch (removeError) {
      logger.error(
        { err: removeError, container: record.id },
        "could not remove a container that failed to start",
      );
    }
  }

  async stop(typed: string, options: StopOptions = {}): Promise<"stopped" | "not-running"> {
    return await this.#parts.stopper.stop(this.resolve(typed), options, { isAsked: true });
  }

  #toKill(typed: string): ContainerRecord {
    try {
      return this.resolve(typed);
    } catch (error) {
      throw wrapError(`Cannot kill container: ${typed}`, error);
    }
  }

  async kill(typed: string, signal: string): Promise<void> {
    await this.#parts.stopper.kill(this.#toKill(typed), typed, signal);
  }

  /** Stops every running container, all at once, as the engine stops: the next one starts those whose policy says so. */
  async stopAll(): Promise<void> {
    const { state, logger } = this.#ports;
    this.#parts.restarts.close();
    const running = state.containers.list().filter(hasProcess);
    const stops = running.map(async (record) => {
      try {
        await this.#parts.stopper.stop(record, {}, { isAsked: false });
      } catch (error) {
        logger.error({ container: record.id, err: error }, "container could not be stopped");
      }
    });
    await Promise.all(stops);
  }

  async restart(typed: string, options: StopOptions): Promise<void> {
    const { id } = this.resolve(typed);
    await this.stop(id, options);
    await this.start(id, options.canceled);
    publishContainerEvent(this.#ports.events, this.resolve(id), "restart");
  }

  /** Sets the size of a running container's terminal. */
  async resize(typed: string, size: TerminalSize): Promise<void> {
    const { id, status, config } = this.resolve(typed);
    if (status !== "running") throw new EngineError("conflict", `Container ${id} is not running`);
    if (config.tty) await this.#ports.input.resize(this.#ports.layout.container(id).bundle, size);
  }

  /** Resolves with the exit code when the condition has come about. */
  wait(typed: string, condition: WaitCondition, signal: AbortSignal): Promise<number> {
    const record = this.resolve(typed);
    if (condition === "not-running" && !countsAsRunning(record)) return Promise.resolve(record.exitCode);
    return this.#parts.waiters.wait(record.id, condition, signal);
  }

  rename(typed: string, name: string): Promise<void> {
    const { id } = this.resolve(typed);
    return this.#parts.queue.run(id, async () => {
      const { state, events } = this.#ports;
      const renamed = state.transaction(() => {
        const record = this.resolve(id);
        if (name === "") throw new EngineError("invalid", "Neither old nor new names may be empty");
        if (record.name === name.replace(/^\//, "")) {
          throw new EngineError("invalid", "Renaming a container with the same name as its current name");
        }
        const changed = { ...record, name: allocatedName(name, state.containers.list()) };
        state.containers.put(changed);
        return { record, changed };
      });
      publishContainerEvent(events, renamed.changed, "rename", { oldName: `/${renamed.record.name}` });
    });
  }

  async remove(
    typed: string,
    options: { readonly force: boolean; readonly removeAnonymous: boolean },
  ): Promise<void> {
    const { id } = this.resolve(typed);
    if (options.force) await (await this.#parts.stopper.signal(id, "SIGKILL", { isAsked: true }))?.exited;
    await this.#parts.queue.run(id, async () => {
      const record = this.#ports.state.containers.get(id);
      // Gone by itself, as --rm asks.
      if (record === undefined) return;
      if (countsAsRunning(record)) {
        const first = record.status === "paused" ? "Unpause and then stop" : "Stop";
        throw new EngineError(
          "conflict",
          `You cannot remove a ${record.status} container ${id}. ${first} the container before attempting removal or force remove`,
        );
      }
      this.#parts.restarts.cancel(id);
      await this.#parts.remover.remove(record, options);
      this.#parts.health.drop(id);
    });
    await this.#ports.garbage.collect();
  }
}

function allocatedName(typed: string, others: readonly ContainerRecord[]): string {
  try {
    return checkedName(typed.startsWith("/") ? typed : `/${typed}`, others);
  } catch (error) {
    throw wrapError("Error when allocating new name", error);
  }
}
