import { changesView } from "../../core/container/changes.ts";
import { resolveContainer } from "../../core/container/name.ts";
import { checkPsArguments, type ProcessTable, processTable } from "../../core/container/process-table.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { afterAction } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import { type ContainerPorts, namespace, publishContainerEvent } from "./container-ports.ts";

/** What can be done to a container that runs, besides ending it. */
export class ContainerControl {
  readonly #ports: ContainerPorts;
  readonly #queue: KeyedQueue;

  /** `queue` is the one in which containers are started and stopped. */
  constructor(ports: ContainerPorts, queue: KeyedQueue) {
    this.#ports = ports;
    this.#queue = queue;
  }

  pause(typed: string): Promise<void> {
    return this.#change(typed, "pause", async (record) => {
      const { id, status } = record;
      if (status === "paused") throw new EngineError("conflict", `Container ${id} is already paused`);
      requireRunning(record);
      await this.#ports.control.pause(namespace, id);
    });
  }

  unpause(typed: string): Promise<void> {
    return this.#change(typed, "unpause", async ({ id, status }) => {
      if (status !== "paused") throw new EngineError("conflict", `Container ${id} is not paused`);
      await this.#ports.control.resume(namespace, id);
    });
  }

  #change(
    typed: string,
    action: "pause" | "unpause",
    work: (record: ContainerRecord) => Promise<void>,
  ): Promise<void> {
    const { state, events } = this.#ports;
    const { id } = this.#resolve(typed);
    return this.#queue.run(id, async () => {
      const record = this.#resolve(id);
      await work(record);
      const status = afterAction(record.status, action);
      if (status !== "removed") state.containers.put({ ...record, status });
      publishContainerEvent(events, record, action);
    });
  }

  /** The container's processes as the host's `ps` shows them, with PIDs of the host. */
  async top(typed: string, psArguments: string): Promise<ProcessTable> {
    const record = this.#resolve(typed);
    const args = checkPsArguments(psArguments);
    const { control, events } = this.#ports;
    requireRunning(record);
    const pids = await control.pids(namespace, record.id);
    const table = processTable(await control.hostProcesses(args), new Set(pids));
    publishContainerEvent(events, record, "top");
    return table;
  }

  /** What the container wrote over its image. */
  async changes(typed: string) {
    const { id, layers } = this.#resolve(typed);
    return changesView(await this.#ports.snapshots.changes(id, layers));
  }

  #resolve(typed: string): ContainerRecord {
    return resolveContainer(typed, this.#ports.state.containers.list());
  }
}

function requireRunning({ id, status }: ContainerRecord): void {
  if (status === "restarting") {
    throw new EngineError("conflict", `Container ${id} is restarting, wait until the container is running`);
  }
  if (status !== "running" && status !== "paused") {
    throw new EngineError("conflict", `Container ${id} is not running`);
  }
}
