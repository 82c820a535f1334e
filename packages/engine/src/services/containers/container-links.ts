import { linkEnvironment } from "../../core/container/link-environment.ts";
import {
  findLink,
  hostsNames,
  type LinkedContainer,
  linkedContainers,
  withAddress,
  withoutLink,
} from "../../core/container/links.ts";
import { resolveContainer } from "../../core/container/name.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import type { ContainerPorts } from "./container-ports.ts";

/** What a container is told of those that it is linked to, on the default bridge. */
export class ContainerLinks {
  readonly #ports: Pick<ContainerPorts, "state" | "host" | "layout" | "logger">;
  /** Changes of one container's hosts file, one after the other. */
  readonly #files = new KeyedQueue();

  readonly #queue: KeyedQueue;

  /** `queue` holds the changes of each container. */
  constructor(ports: Pick<ContainerPorts, "state" | "host" | "layout" | "logger">, queue: KeyedQueue) {
    this.#ports = ports;
    this.#queue = queue;
  }

  /** As a program that starts in it is told; conflict in the Engine's words if one that it is linked to cannot be reached. */
  atStart(record: ContainerRecord): {
    readonly environment: readonly string[];
    /** Like `ExtraHosts`. */
    readonly hosts: readonly string[];
  } {
    const reached = this.#linked(record).map((linked) => ({
      linked,
      address: this.#addressOf(record, linked),
    }));
    return {
      environment: reached.flatMap(({ linked, address }) => linkEnvironment(record, linked, address)),
      hosts: reached.map(({ linked, address }) => `${hostsNames(linked)}:${address}`),
    };
  }

  #linked(record: ContainerRecord): readonly LinkedContainer[] {
    if (record.networkMode !== "bridge") return [];
    return linkedContainers(record, this.#ports.state.containers.list());
  }

  #addressOf(parent: ContainerRecord, { alias, container }: LinkedContainer): string {
    const { name, networkMode, address } = container;
    if (networkMode !== "bridge") {
      throw new EngineError(
        "conflict",
        `Cannot link to /${name}, as it does not belong to the default network`,
      );
    }
    if (!hasProcess(container) || address === undefined) {
      throw new EngineError(
        "conflict",
        `Cannot link to a non running container: /${name} AS /${parent.name}/${alias}`,
      );
    }
    return address.address;
  }

  /** Writes addresses that have changed into a container's hosts file, where the container sees it. */
  refresh(id: string): Promise<void> {
    return this.changeHosts(id, (hosts, record) =>
      this.#linked(record).reduce(
        (text, { alias, container: { address } }) =>
          address === undefined ? text : withAddress(text, alias, address.address),
        hosts,
      ),
    );
  }

  /** A container has an address, on record: those that are linked to it are told. */
  async started(id: string): Promise<void> {
    const { state, logger } = this.#ports;
    const parents = state.containers
      .list()
      .filter(({ links = [] }) => links.some(({ containerId }) => containerId === id));
    for (const parent of parents) {
      try {
        await this.refresh(parent.id);
      } catch (error) {
        logger.error(
          { err: error, container: parent.id },
          "could not tell a container of one it is linked to",
        );
      }
    }
  }

  /** Ends a link, by the name that it gave: `/parent/alias`. The container that it led to stays. */
  async remove(typed: string): Promise<void> {
    const { state } = this.#ports;
    const all = state.containers.list();
    resolveContainer(typed, all);
    const found = findLink(typed, all);
    if (found === undefined) {
      throw new EngineError("conflict", "Conflict, cannot remove the default link name of the container");
    }
    const { parent, link } = found;
    const linked = linkedContainers(parent, all).find(({ alias }) => alias === link.alias);
    await this.#queue.run(parent.id, async () => {
      const record = state.containers.get(parent.id);
      if (record === undefined) return;
      const links = (record.links ?? []).filter(({ alias }) => alias !== link.alias);
      state.containers.put({ ...record, links });
    });
    if (linked !== undefined) await this.changeHosts(parent.id, (hosts) => withoutLink(hosts, linked));
  }

  /** Changes a container's hosts file, where the container sees it. */
  changeHosts(id: string, change: (hosts: string, record: ContainerRecord) => string): Promise<void> {
    return this.#files.run(id, async () => {
      const { state, host, layout } = this.#ports;
      const record = state.containers.get(id);
      const path = layout.container(id).hosts;
      const hosts = await host.readSmallFile(path);
      if (record === undefined || hosts === undefined) return;
      const changed = change(hosts, record);
      if (changed !== hosts) await host.overwriteFile(path, changed);
    });
  }
}
