import type { HostConfig } from "@davit/protocol";
import { checkLimits, limitsOf } from "../../core/container/limits.ts";
import { resolveContainer } from "../../core/container/name.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { updatedHostConfig } from "../../core/container/update.ts";
import { EngineError, wrapError } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "./container-ports.ts";
import { readControlGroups } from "./control-groups.ts";

/** Changes the limits and the restart policy of containers, running or not. */
export class ContainerUpdater {
  readonly #ports: ContainerPorts;
  readonly #queue: KeyedQueue;

  /** `queue` is the one in which containers are started and stopped. */
  constructor(ports: ContainerPorts, queue: KeyedQueue) {
    this.#ports = ports;
    this.#queue = queue;
  }

  /** Answers warnings about what the host cannot keep. */
  update(typed: string, asked: HostConfig): Promise<readonly string[]> {
    const { state, host, control, events } = this.#ports;
    const { id } = this.#resolve(typed);
    return this.#queue.run(id, async () => {
      const record = this.#resolve(id);
      if (record.status === "dead") {
        throw new EngineError("conflict", `Cannot update container ${id}: container is marked for removal`);
      }
      const wanted = updatedHostConfig(record, asked);
      const checked = checkLimits(wanted, await readControlGroups(host));
      // The limit of swap that a new container gets by itself is not for one that has run without.
      const hostConfig = { ...checked.host, MemorySwap: wanted.MemorySwap };
      if (hasProcess(record)) {
        const { memory, cpu, pids } = limitsOf(withoutDevices(hostConfig), noDevice);
        await control.update(namespace, id, { memory, cpu, pids }).catch((error: unknown) => {
          throw wrapError(`Cannot update container ${id}`, error);
        });
      }
      const updated = { ...record, hostConfig };
      state.containers.put(updated);
      publishContainerEvent(events, updated, "update");
      return checked.warnings;
    });
  }

  #resolve(typed: string) {
    return resolveContainer(typed, this.#ports.state.containers.list());
  }
}

/** Limits of single devices cannot be updated. */
const withoutDevices = (host: HostConfig): HostConfig => ({
  ...host,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
});

const noDevice = (): never => {
  throw new EngineError("internal", "update container: no device is looked up");
};
