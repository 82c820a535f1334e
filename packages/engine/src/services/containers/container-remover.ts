import type { ContainerRecord } from "../../core/container/record.ts";
import { afterAction } from "../../core/container/transitions.ts";
import { messageOf } from "../../core/errors.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "./container-ports.ts";
import type { ExitWaiters } from "./exit-waiters.ts";
import type { OutputReaders } from "./output-readers.ts";

/** How long a client may take to read the last output of a container before its log goes. */
const drainTimeoutMs = 10_000;

/** Takes everything of a container away. Callers hold the container's queue. */
export class ContainerRemover {
  readonly #ports: ContainerPorts;
  readonly #waiters: ExitWaiters;
  readonly #readers: OutputReaders;

  constructor(ports: ContainerPorts, waiters: ExitWaiters, readers: OutputReaders) {
    this.#ports = ports;
    this.#waiters = waiters;
    this.#readers = readers;
  }

  /** Refuses a running one. One that cannot be removed whole is `dead` afterwards, and can be removed again. */
  async remove(record: ContainerRecord, options: { readonly removeAnonymous: boolean }): Promise<void> {
    afterAction(record.status, "remove");
    const { state, volumes, logger } = this.#ports;
    this.#readers.endRun(record.id);
    await this.#readers.drained(record.id, drainTimeoutMs);
    // From here on it cannot be started: a part of it is gone.
    state.containers.put({ ...record, status: "dead" });
    try {
      await this.#removeFiles(record);
      await volumes.release(record.id, options);
    } catch (error) {
      state.containers.put({ ...record, status: "dead", error: messageOf(error) });
      logger.error({ err: error, container: record.id }, "could not remove a container");
      throw error;
    }
    state.containers.remove(record.id);
    publishContainerEvent(this.#ports.events, record, "destroy");
    this.#waiters.removed(record.id, record.exitCode);
  }

  async #removeFiles({ id }: ContainerRecord): Promise<void> {
    const { runtime, snapshots, host, networks, layout, containerLogs, logger } = this.#ports;
    const paths = layout.container(id);
    await runtime.delete(namespace, id);
    await containerLogs.remove(id);
    try {
      await networks.leave(id);
    } catch (error) {
      // On record beyond the container: its networks tell their drivers as soon as they can.
      logger.warn({ container: id, err: error }, "networks of a removed container are not left yet");
    }
    await snapshots.unmount(paths.rootfs);
    await snapshots.discard(id);
    await host.removeTree(paths.bundle);
    await host.removeTree(paths.dir);
  }
}
