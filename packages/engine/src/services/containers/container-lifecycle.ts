import { EngineError, messageOf } from "../../core/errors.ts";
import { checkedName, resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { runtimeSignal, signalNumber } from "../../core/container/signal.ts";
import { startFailureExitCode } from "../../core/container/start-failure.ts";
import { afterAction } from "../../core/container/transitions.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { TerminalSize } from "../../core/ports/process-input.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "./container-ports.ts";
import type { ContainerRemover } from "./container-remover.ts";
import type { ContainerStarter } from "./container-starter.ts";
import { endsWithin } from "./ends-within.ts";
import type { ExitSettler } from "./exit-settler.ts";
import type { ExitWaiters, WaitCondition } from "./exit-waiters.ts";
import type { OutputReaders } from "./output-readers.ts";

export interface LifecycleParts {
  readonly queue: KeyedQueue;
  readonly starter: ContainerStarter;
  readonly settler: ExitSettler;
  readonly remover: ContainerRemover;
  readonly waiters: ExitWaiters;
  readonly readers: OutputReaders;
}

export interface StopOptions {
  /** `""` or absent: the container's own. */
  readonly signal?: string;
  /** Negative: wait for ever; absent: the container's own. */
  readonly timeoutSeconds?: number | undefined;
  /** Gives up waiting; what was asked of the container stays asked. */
  readonly canceled?: AbortSignal;
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
  }

  /** By full ID, name or prefix of the ID; not-found in the Engine's words. */
  resolve(typed: string): ContainerRecord {
    return resolveContainer(typed, this.#ports.state.containers.list());
  }

  start(typed: string, signal?: AbortSignal): Promise<"started" | "already-running"> {
    const { id } = this.resolve(typed);
    return this.#parts.queue.run(id, async () => {
      const record = this.resolve(id);
      if (record.status === "running") return "already-running";
      afterAction(record.status, "start");
      try {
        const started = await this.#parts.starter.start(record, signal);
        this.#ports.state.containers.put({
          ...record,
          ...started,
          status: "running",
          exitCode: 0,
          error: "",
          oomKilled: false,
          startedAt: new Date().toISOString(),
        });
      } catch (error) {
        await this.#settleFailedStart(record, error);
        throw error;
      }
      publishContainerEvent(this.#ports.events, record, "start");
      this.#parts.readers.startRun(record.id);
      this.#parts.settler.watch(record.id);
      return "started";
    });
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
  async stop(typed: string, options: StopOptions = {}): Promise<"stopped" | "not-running"> {
    const { id, config } = this.resolve(typed);
    const signaled = await this.#signal(id, options.signal || config.stopSignal || "SIGTERM");
    if (signaled === undefined) return "not-running";
    const timeoutSeconds = options.timeoutSeconds ?? config.stopTimeoutSeconds;
    if (!(await endsWithin(signaled.exited, timeoutSeconds, options.canceled))) {
      await this.#signal(id, "SIGKILL");
      await signaled.exited;
    }
    publishContainerEvent(this.#ports.events, signaled.record, "stop");
    return "stopped";
  }

  /** Stops every running container, all at once. */
  async stopAll(): Promise<void> {
    const { state, logger } = this.#ports;
    const running = state.containers.list().filter(({ status }) => status === "running");
    const stops = running.map(async ({ id }) => {
      try {
        await this.stop(id);
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
    const { id } = this.resolve(typed);
    const signaled = await this.#signal(id, String(number));
    if (signaled === undefined) {
      throw new EngineError("conflict", `Cannot kill container: ${typed}: Container ${id} is not running`);
    }
    if (number === signalNumber("KILL")) await signaled.exited;
  }

  /** Answers undefined if the container does not run. */
  #signal(
    id: string,
    signal: string,
  ): Promise<{ readonly record: ContainerRecord; readonly exited: Promise<number> } | undefined> {
    const { state, runtime, events } = this.#ports;
    return this.#parts.queue.run(id, async () => {
      const record = state.containers.get(id);
      if (record?.status !== "running") return undefined;
      const exited = this.#parts.waiters.wait(id, "next-exit");
      try {
        await runtime.kill(namespace, id, runtimeSignal(signal));
        publishContainerEvent(events, record, "kill", { signal: String(signalNumber(signal)) });
      } catch (error) {
        // It has just ended by itself: that is settled behind us in the queue.
        if (!(error instanceof EngineError && error.kind === "conflict")) throw error;
      }
      return { record, exited };
    });
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
    if (condition === "not-running" && record.status !== "running") return Promise.resolve(record.exitCode);
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
    if (options.force) await (await this.#signal(id, "SIGKILL"))?.exited;
    await this.#parts.queue.run(id, async () => {
      const record = this.#ports.state.containers.get(id);
      // Gone by itself, as --rm asks.
      if (record === undefined) return;
      if (record.status === "running") {
        throw new EngineError(
          "conflict",
          `You cannot remove a running container ${id}. Stop the container before attempting removal or force remove`,
        );
      }
      await this.#parts.remover.remove(record, options);
    });
    await this.#ports.garbage.collect();
  }
}
