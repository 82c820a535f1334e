import type { ContainerRecord } from "../../core/container/record.ts";
import { runtimeSignal, signalNumber } from "../../core/container/signal.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "./container-ports.ts";
import { endsWithin } from "./ends-within.ts";
import type { ExitWaiters } from "./exit-waiters.ts";
import type { Restarts } from "./restarts.ts";

export interface StopperParts {
  readonly queue: KeyedQueue;
  readonly waiters: ExitWaiters;
  readonly restarts: Restarts;
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

interface StopReason {
  /** Somebody wants it to end, which its restart policy respects; otherwise the engine stops, or the signal means something else. */
  readonly isAsked: boolean;
}

/** Ends containers. Waiting for an exit is not in a container's queue, because settling the exit needs the queue. */
export class ContainerStopper {
  readonly #ports: ContainerPorts;
  readonly #parts: StopperParts;

  constructor(ports: ContainerPorts, parts: StopperParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  /** Asks it to end, and makes it after the timeout. Resolves when it has ended. */
  async stop(
    { id, config }: ContainerRecord,
    options: StopOptions,
    reason: StopReason,
  ): Promise<"stopped" | "not-running"> {
    const signaled = await this.signal(id, options.signal || config.stopSignal || "SIGTERM", reason);
    if (signaled === undefined) return "not-running";
    const timeoutSeconds = options.timeoutSeconds ?? config.stopTimeoutSeconds;
    if (!(await endsWithin(signaled.exited, timeoutSeconds, options.canceled))) {
      await this.signal(id, "SIGKILL", reason);
      await signaled.exited;
    }
    publishContainerEvent(this.#ports.events, signaled.record, "stop");
    return "stopped";
  }

  /** Sends a signal; after SIGKILL it resolves when the container has ended. Conflict if it does not run. */
  async kill({ id, config }: ContainerRecord, typed: string, signal: string): Promise<void> {
    const number = signalNumber(signal === "" ? "KILL" : signal);
    const isAsked = [signalNumber("KILL"), signalNumber(config.stopSignal || "SIGTERM")].includes(number);
    const signaled = await this.signal(id, String(number), { isAsked });
    if (signaled === undefined) {
      throw new EngineError("conflict", `Cannot kill container: ${typed}: Container ${id} is not running`);
    }
    if (number === signalNumber("KILL")) await signaled.exited;
  }

  /** Answers undefined if the container does not run. With `isAsked` its restart policy knows that it was meant to end. */
  signal(id: string, signal: string, { isAsked }: StopReason): Promise<Signaled | undefined> {
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
}
