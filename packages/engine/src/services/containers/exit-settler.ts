import type { ContainerRecord } from "../../core/container/record.ts";
import { restartsAfterExit, restartsWithEngine } from "../../core/container/restart-policy.ts";
import { afterAction, hasProcess } from "../../core/container/transitions.ts";
import { isCanceled } from "../../core/errors.ts";
import type { EventFact, EventPublisher } from "../../core/events.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { ProcessExit } from "../../core/ports/runtime.ts";
import { type ContainerPorts, namespace, never, publishContainerEvent } from "./container-ports.ts";
import type { ContainerRemover } from "./container-remover.ts";
import type { ExitWaiters } from "./exit-waiters.ts";
import type { HealthMonitor } from "./health-monitor.ts";
import type { OutputReaders } from "./output-readers.ts";
import type { Restarts } from "./restarts.ts";

/** What an exit of which nothing is known counts as. */
const unknownExitCode = 255;

const firstRetryMs = 100;
const longestRetryMs = 10_000;

type Exit = Pick<ProcessExit, "exitCode" | "oomKilled" | "exitedAt">;

export interface SettlerParts {
  readonly queue: KeyedQueue;
  readonly remover: ContainerRemover;
  readonly waiters: ExitWaiters;
  readonly readers: OutputReaders;
  readonly restarts: Restarts;
  readonly health: HealthMonitor;
}

/** Sees containers end, those of an earlier engine too, and does what follows from it. */
export class ExitSettler {
  readonly #ports: ContainerPorts;
  readonly #parts: SettlerParts;
  readonly #closing = new AbortController();
  readonly #watches = new Set<Promise<void>>();

  constructor(ports: ContainerPorts, parts: SettlerParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  /** Settles a running container's exit when it comes. */
  watch(id: string): void {
    this.#track(this.#watch(id));
  }

  #track(work: Promise<void>): void {
    const watch = work.finally(() => this.#watches.delete(watch));
    this.#watches.add(watch);
  }

  async #watch(id: string): Promise<void> {
    const { runtime, logger } = this.#ports;
    try {
      const exit = await runtime.waitForExit(namespace, id, this.#closing.signal);
      // Attached clients read the rest while the container is cleaned up after.
      this.#parts.readers.endRun(id);
      this.#ports.containerLogs.endRun(id);
      await this.#settleAtLast(id, exit, this.#queueSettling(id, exit));
    } catch (error) {
      if (isCanceled(error) && this.#closing.signal.aborted) return;
      logger.error({ err: error, container: id }, "could not wait for the exit of a container");
    }
  }

  #queueSettling(id: string, exit: Exit): Promise<void> {
    return this.#parts.queue.run(id, () => this.#settle(id, exit));
  }

  /**
   * Tries again until the exit is written down, which a full disk may refuse: whoever stops the container waits for that.
   * Once the engine stops they wait no longer; the next engine finds the exit with the runtime.
   */
  async #settleAtLast(id: string, exit: Exit, firstAttempt: Promise<void>): Promise<void> {
    const { state, logger } = this.#ports;
    const { restarts, queue, waiters } = this.#parts;
    let attempt = firstAttempt;
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      try {
        return await attempt;
      } catch (error) {
        logger.error({ err: error, container: id }, "could not settle the exit of a container");
      }
      const record = state.containers.get(id);
      if (record === undefined || !hasProcess(record)) return;
      if (restarts.isClosed) return queue.run(id, async () => waiters.exited(id, exit));
      await elapsed(delayMs, restarts.closed);
      attempt = this.#queueSettling(id, exit);
    }
  }

  async #settle(id: string, exit: Exit): Promise<void> {
    const { state, runtime, events } = this.#ports;
    const record = state.containers.get(id);
    if (record === undefined || !hasProcess(record)) return;
    afterAction(record.status, "exit");
    this.#parts.health.forget(id);
    // Told after the end, as by the Engine.
    const unmounted: EventFact[] = [];
    await this.#cleanUp(id, { publish: (fact) => void unmounted.push(fact) });
    const { address: _released, ports: _free, sandboxId: _gone, ...rest } = record;
    const exited: ContainerRecord = {
      ...rest,
      status: "exited",
      pid: 0,
      exitCode: exit.exitCode,
      oomKilled: exit.oomKilled,
      finishedAt: exit.exitedAt.toISOString(),
    };
    const again = !this.#parts.restarts.isClosed && restartsAfterExit(exited);
    try {
      state.containers.put(
        again ? { ...exited, status: "restarting", restartCount: record.restartCount + 1 } : exited,
      );
      if (exit.oomKilled) publishContainerEvent(events, exited, "oom");
      publishContainerEvent(events, exited, "die", { exitCode: String(exit.exitCode) });
      this.#ports.networks.publishAll(exited, "disconnect");
    } finally {
      for (const fact of unmounted) events.publish(fact);
    }
    this.#parts.readers.endRun(id);
    if (again) this.#parts.waiters.restarting(id, exit);
    else this.#parts.waiters.exited(id, exit);
    try {
      // Only now: the runtime's own record of the exit is what the next engine would go by.
      await runtime.delete(namespace, id);
    } finally {
      if (again) this.#parts.restarts.schedule(id, exit.exitedAt.getTime() - Date.parse(record.startedAt));
    }
    if (!record.autoRemove) return;
    await this.#parts.remover.remove(exited, { removeAnonymous: true });
    this.#parts.health.drop(id);
  }

  /** Releases what a run holds; what fails is left for the next start, removal or restart of the engine. */
  async #cleanUp(id: string, events: EventPublisher): Promise<void> {
    const { volumes, snapshots, networks, host, layout, logger } = this.#ports;
    const steps = {
      "unmount parts of volumes and shared memory": () => host.unmountBelow(layout.container(id).mounts),
      "unmount volumes": () => volumes.unmountAll(id, { events }),
      "unmount root file system": () => snapshots.unmount(layout.container(id).rootfs),
      "leave network": () => networks.leave(id),
    };
    for (const [step, run] of Object.entries(steps)) {
      try {
        await run();
      } catch (error) {
        logger.error({ err: error, container: id, step }, "could not clean up after a container");
      }
    }
  }

  /**
   * Adopts what an earlier engine left: running containers are watched again, dead ones settled, half-done work undone.
   * Each container's place in its queue is taken at once, so requests can be served meanwhile. Those whose policy wants
   * them running are started once `startAfter` has settled.
   */
  async restore(startAfter: Promise<unknown>): Promise<void> {
    const records = this.#ports.state.containers.list();
    await Promise.all(records.map((record) => this.#restoreOne(record)));
    await startAfter;
    for (const { id } of records) {
      const record = this.#ports.state.containers.get(id);
      if (record !== undefined && this.#isLeftToStart(record)) this.#parts.restarts.scheduleNow(id);
    }
  }

  /** Whether it ended with the engine before, or while none ran, and its policy wants it running. */
  #isLeftToStart(record: ContainerRecord): boolean {
    if (record.status === "restarting") return true;
    return record.status === "exited" && record.startedAt !== never && restartsWithEngine(record);
  }

  async #restoreOne(record: ContainerRecord): Promise<void> {
    const { id } = record;
    try {
      await this.#parts.queue.run(id, () => this.#adopt(record));
    } catch (error) {
      this.#ports.logger.error({ err: error, container: id }, "could not restore a container");
    }
  }

  async #adopt(record: ContainerRecord): Promise<void> {
    const { runtime, containerLogs } = this.#ports;
    const { id } = record;
    const process = await runtime.state(namespace, id);
    const isAlive = process.status === "running" || process.status === "paused";
    if (hasProcess(record)) {
      await containerLogs.adopt(record, isAlive);
      if (isAlive) {
        this.#parts.readers.startRun(id);
        this.#parts.health.watch(id);
        return this.watch(id);
      }
      const known = process.status === "stopped" ? process.exit : undefined;
      const exit = known ?? { exitCode: unknownExitCode, oomKilled: false, exitedAt: new Date() };
      const attempt = this.#settle(id, exit);
      this.#track(this.#settleAtLast(id, exit, attempt));
      return attempt;
    }
    // What an earlier engine had no time for.
    await containerLogs.adopt(record, false);
    // A start or a removal that the earlier engine did not finish.
    if (process.status !== "absent") await runtime.delete(namespace, id);
    await this.#cleanUp(id, this.#ports.events);
    if (record.status === "dead" || (record.autoRemove && record.status === "exited")) {
      await this.#parts.remover.remove(record, { removeAnonymous: record.autoRemove });
    }
  }

  /** Stops watching; containers go on. Resolves when nothing is being settled any more. */
  async close(): Promise<void> {
    this.#parts.restarts.close();
    this.#closing.abort();
    await this.#parts.health.close();
    await Promise.all(this.#watches);
    await this.#parts.queue.idle();
    await this.#ports.containerLogs.close();
  }
}

/** Resolves after some time, or when the signal fires. */
function elapsed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
  });
}
