import type { ContainerRecord } from "../../core/container/record.ts";
import { afterAction } from "../../core/container/transitions.ts";
import { isCanceled } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { ProcessExit } from "../../core/ports/runtime.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "./container-ports.ts";
import type { ContainerRemover } from "./container-remover.ts";
import type { ExitWaiters } from "./exit-waiters.ts";
import type { OutputReaders } from "./output-readers.ts";

/** What an exit of which nothing is known counts as. */
const unknownExitCode = 255;

export interface SettlerParts {
  readonly queue: KeyedQueue;
  readonly remover: ContainerRemover;
  readonly waiters: ExitWaiters;
  readonly readers: OutputReaders;
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
    if (record?.status !== "running") return;
    afterAction(record.status, "exit");
    await this.#cleanUp(id);
    const { address: _released, ...rest } = record;
    const exited: ContainerRecord = {
      ...rest,
      status: "exited",
      pid: 0,
      exitCode: exit.exitCode,
      oomKilled: exit.oomKilled,
      finishedAt: exit.exitedAt.toISOString(),
    };
    state.containers.put(exited);
    if (exit.oomKilled) publishContainerEvent(events, exited, "oom");
    publishContainerEvent(events, exited, "die", { exitCode: String(exit.exitCode) });
    this.#parts.readers.endRun(id);
    this.#parts.waiters.exited(id, exit);
    // Only now: the runtime's own record of the exit is what a restart would go by.
    await runtime.delete(namespace, id);
    if (record.autoRemove) await this.#parts.remover.remove(exited, { removeAnonymous: true });
  }

  /** Releases what a run holds; what fails is left for the next start, removal or restart of the engine. */
  async #cleanUp(id: string): Promise<void> {
    const { volumes, snapshots, network, layout, logger } = this.#ports;
    const steps = {
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
   * Each container's place in its queue is taken at once, so requests can be served meanwhile.
   */
  async restore(): Promise<void> {
    await Promise.all(this.#ports.state.containers.list().map((record) => this.#restoreOne(record)));
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
    if (record.status === "running") {
      if (isAlive) {
        this.#parts.readers.startRun(id);
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
    this.#closing.abort();
    await Promise.all(this.#watches);
    await this.#parts.queue.idle();
  }
}
