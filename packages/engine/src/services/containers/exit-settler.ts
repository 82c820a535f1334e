import type { ContainerRecord } from "../../core/container/record.ts";
import { restartsAfterExit, restartsWithEngine } from "../../core/container/restart-policy.ts";
import { afterAction, hasProcess } from "../../core/container/transitions.ts";
import { isCanceled } from "../../core/errors.ts";
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
    const watch = this.#watch(id).finally(() => this.#watches.delete(watch));
    this.#watches.add(watch);
  }

  async #watch(id: string): Promise<void> {
    const { runtime, logger } = this.#ports;
    try {
      const exit = await runtime.waitForExit(namespace, id, this.#closing.signal);
      // Attached clients read the rest while the container is cleaned up after.
      this.#parts.readers.endRun(id);
      await this.#parts.queue.run(id, () => this.#settle(id, exit));
    } catch (error) {
      if (isCanceled(error) && this.#closing.signal.aborted) return;
      logger.error({ err: error, container: id }, "could not settle the exit of a container");
    }
  }

  async #settle(id: string, exit: Pick<ProcessExit, "exitCode" | "oomKilled" | "exitedAt">): Promise<void> {
    const { state, runtime, events } = this.#ports;
    const record = state.containers.get(id);
    if (record === undefined || !hasProcess(record)) return;
    afterAction(record.status, "exit");
    this.#parts.health.forget(id);
    await this.#cleanUp(id);
    const { address: _released, ports: _free, ...rest } = record;
    const exited: ContainerRecord = {
      ...rest,
      status: "exited",
      pid: 0,
      exitCode: exit.exitCode,
      oomKilled: exit.oomKilled,
      finishedAt: exit.exitedAt.toISOString(),
    };
    const again = !this.#parts.restarts.isClosed && restartsAfterExit(exited);
    state.containers.put(
      again ? { ...exited, status: "restarting", restartCount: record.restartCount + 1 } : exited,
    );
    if (exit.oomKilled) publishContainerEvent(events, exited, "oom");
    publishContainerEvent(events, exited, "die", { exitCode: String(exit.exitCode) });
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
  async #cleanUp(id: string): Promise<void> {
    const { volumes, snapshots, network, host, layout, logger } = this.#ports;
    const steps = {
      "unmount parts of volumes and shared memory": () => host.unmountBelow(layout.container(id).mounts),
      "unmount volumes": () => volumes.unmountAll(id),
      "unmount root file system": () => snapshots.unmount(layout.container(id).rootfs),
      "leave network": () => network.removeNamespace(id),
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
    const { runtime } = this.#ports;
    const { id } = record;
    const process = await runtime.state(namespace, id);
    const isAlive = process.status === "running" || process.status === "paused";
    if (hasProcess(record)) {
      if (isAlive) {
        this.#parts.readers.startRun(id);
        this.#parts.health.watch(id);
        return this.watch(id);
      }
      const exit = process.status === "stopped" ? process.exit : undefined;
      return this.#settle(id, exit ?? { exitCode: unknownExitCode, oomKilled: false, exitedAt: new Date() });
    }
    // A start or a removal that the earlier engine did not finish.
    if (process.status !== "absent") await runtime.delete(namespace, id);
    await this.#cleanUp(id);
    if (record.status === "dead" || (record.autoRemove && record.status === "exited")) {
      await this.#parts.remover.remove(record, { removeAnonymous: record.autoRemove });
    }
  }

  /** Stops watching; containers go on. Resolves when nothing is being settled any more. */
  async close(): Promise<void> {
    this.#parts.restarts.close();
    this.#parts.health.close();
    this.#closing.abort();
    await Promise.all(this.#watches);
    await this.#parts.queue.idle();
  }
}
