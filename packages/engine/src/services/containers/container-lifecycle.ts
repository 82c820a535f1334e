import { checkedName, resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { restartsAfterExit } from "../../core/container/restart-policy.ts";
import { runtimeSignal, signalNumber } from "../../core/container/signal.ts";
import { startFailureExitCode } from "../../core/container/start-failure.ts";
import { afterAction, countsAsRunning, hasProcess } from "../../core/container/transitions.ts";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { TerminalSize } from "../../core/ports/process-input.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "./container-ports.ts";
import type { ContainerRemover } from "./container-remover.ts";
import type { ContainerStarter, StartedFacts } from "./container-starter.ts";
import { endsWithin } from "./ends-within.ts";
import type { ExitSettler } from "./exit-settler.ts";
import type { ExitWaiters, WaitCondition } from "./exit-waiters.ts";
import type { HealthMonitor } from "./health-monitor.ts";
import type { OutputReaders } from "./output-readers.ts";
import type { Restarts } from "./restarts.ts";

export interface LifecycleParts {
  readonly queue: KeyedQueue;
  readonly starter: ContainerStarter;
  readonly settler: ExitSettler;
  readonly remover: ContainerRemover;
  readonly waiters: ExitWaiters;
  readonly readers: OutputReaders;
  readonly restarts: Restarts;
  readonly health: HealthMonitor;
}

export interface StopOptions {
  /** `""` or absent: the container's own. */
  readonly signal?: string;
  /** Negative: wait for ever; absent: the container's own. */
  readonly timeoutSeconds?: number | undefined;
  /** Gives up waiting; what was asked of the container stays asked. */
  readonly canceled?: AbortSignal;
}

interface Signaled {
  readonly record: ContainerRecord;
  readonly exited: Promise<number>;
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
    parts.restarts.onDue((id) => void this.#restartDue(id));
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
  async #restartDue(id: string): Promise<void> {
    const { logger, state } = this.#ports;
    try {
      await this.#parts.queue.run(id, async () => {
        const record = state.containers.get(id);
        if (record === undefined || this.#parts.restarts.isClosed) return;
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

  /** Asks it to end, and makes it after the timeout. Resolves when it has ended. */
  stop(typed: string, options: StopOptions = {}): Promise<"stopped" | "not-running"> {
    return this.#stop(typed, options, { isAsked: true });
  }

  async #stop(
    typed: string,
    options: StopOptions,
    reason: { readonly isAsked: boolean },
  ): Promise<"stopped" | "not-running"> {
    const { id, config } = this.resolve(typed);
    const signaled = await this.#signal(id, options.signal || config.stopSignal || "SIGTERM", reason);
    if (signaled === undefined) return "not-running";
    const timeoutSeconds = options.timeoutSeconds ?? config.stopTimeoutSeconds;
    if (!(await endsWithin(signaled.exited, timeoutSeconds, options.canceled))) {
      await this.#signal(id, "SIGKILL", reason);
      await signaled.exited;
    }
    publishContainerEvent(this.#ports.events, signaled.record, "stop");
    return "stopped";
  }

  /** Stops every running container, all at once, as the engine stops: the next one starts those whose policy says so. */
  async stopAll(): Promise<void> {
    const { state, logger } = this.#ports;
    this.#parts.restarts.close();
    const running = state.containers.list().filter(hasProcess);
    const stops = running.map(async ({ id }) => {
      try {
        await this.#stop(id, {}, { isAsked: false });
      } catch (error) {
        logger.error({ container: id, err: error }, "container could not be stopped");
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

  /** Sends a signal; after SIGKILL it resolves when the container has ended. Conflict if it does not run. */
  async kill(typed: string, signal: string): Promise<void> {
    const number = signalNumber(signal === "" ? "KILL" : signal);
    const { id, config } = this.resolve(typed);
    const isAsked = [signalNumber("KILL"), signalNumber(config.stopSignal || "SIGTERM")].includes(number);
    const signaled = await this.#signal(id, String(number), { isAsked });
    if (signaled === undefined) {
      throw new EngineError("conflict", `Cannot kill container: ${typed}: Container ${id} is not running`);
    }
    if (number === signalNumber("KILL")) await signaled.exited;
  }

  /** Answers undefined if the container does not run. With `isAsked` its restart policy knows that it was meant to end. */
  #signal(
    id: string,
    signal: string,
    { isAsked }: { readonly isAsked: boolean },
  ): Promise<Signaled | undefined> {
    const { state, runtime, events } = this.#ports;
    return this.#parts.queue.run(id, async () => {
      const record = state.containers.get(id);
      if (record?.status === "restarting" && isAsked) return this.#cancelRestart(record);
      if (record === undefined || !hasProcess(record)) {
        // It may be about to be started as the engine's start asks.
        if (isAsked) this.#parts.restarts.cancel(id);
        return undefined;
      }
      if (isAsked) state.containers.put({ ...record, manuallyStopped: true });
      const exited = this.#parts.waiters.wait(id, "exit");
      try {
        await runtime.kill(namespace, id, runtimeSignal(signal));
        publishContainerEvent(events, record, "kill", { signal: String(signalNumber(signal)) });
        if (record.status === "paused" && isAsked) await this.#resume(id);
      } catch (error) {
        // It has just ended by itself: that is settled behind us in the queue.
        if (!(error instanceof EngineError && error.kind === "conflict")) throw error;
      }
      return { record, exited };
    });
  }

  /** A signal reaches a paused container when it goes on. */
  async #resume(id: string): Promise<void> {
    const { state, control, events } = this.#ports;
    await control.resume(namespace, id);
    const record = state.containers.get(id);
    if (record?.status !== "paused") return;
    state.containers.put({ ...record, status: "running" });
    publishContainerEvent(events, record, "unpause");
  }

  #cancelRestart(record: ContainerRecord): Signaled {
    this.#parts.restarts.cancel(record.id);
    this.#ports.state.containers.put({ ...record, status: "exited", manuallyStopped: true });
    this.#parts.waiters.exited(record.id, record);
    return { record, exited: Promise.resolve(record.exitCode) };
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
        const changed = { ...record, name: checkedName(name, state.containers.list()) };
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
    if (options.force) await (await this.#signal(id, "SIGKILL", { isAsked: true }))?.exited;
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
