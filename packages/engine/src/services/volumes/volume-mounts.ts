import { EngineError, messageOf, PluginRefusal, wrapError } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { newId } from "../../core/identifiers.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { VolumeRecord, VolumeUse } from "../../core/volume/record.ts";
import type { DriverCatalog } from "../drivers/volume-drivers.ts";
import type { ContainerVolumes, MountOptions, VolumeRequest } from "./container-volumes.ts";
import { anonymousLabel, type VolumeService, withName } from "./volume-service.ts";
import type { VolumeUnmounts } from "./volume-unmounts.ts";

export interface VolumeMountsOptions {
  readonly state: State;
  readonly volumes: VolumeService;
  readonly drivers: DriverCatalog;
  readonly unmounts: VolumeUnmounts;
  /** The same queue per volume name that the volume service has. */
  readonly queue: KeyedQueue;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

/**
 * Containers' holds on volumes. A mount ID is on record before the driver is asked to mount and until it has
 * unmounted, so that each Mount gets its Unmount once, whatever dies in between.
 */
export class VolumeMounts implements ContainerVolumes {
  readonly #options: VolumeMountsOptions;

  constructor(options: VolumeMountsOptions) {
    this.#options = options;
  }

  async acquire(
    request: VolumeRequest,
    { containerId, destination }: { readonly containerId: string; readonly destination: string },
    signal?: AbortSignal,
  ): Promise<VolumeRecord> {
    const { queue, state, volumes } = this.#options;
    const named = withName(request);
    await volumes.awaitDriver(named, signal);
    return queue.run(named.name, async () => {
      const record = await volumes.ensure(named);
      state.volumeUses.put({ volume: record.name, containerId, destination, mountId: undefined });
      return record;
    });
  }

  async mount(containerId: string, destination: string, options?: MountOptions): Promise<string> {
    const { state, drivers, events, unmounts } = this.#options;
    const use = this.#uses(containerId).find((candidate) => candidate.destination === destination);
    const record = use === undefined ? undefined : state.volumes.get(use.volume);
    if (use === undefined || record === undefined) {
      throw new EngineError("not-found", `container ${containerId} has no volume at ${destination}`);
    }
    const context = `error while mounting volume '${record.name}'`;
    const driver = await drivers.waitFor(record.driver, options?.signal).catch((error: unknown) => {
      throw wrapError(context, error);
    });
    if (use.mountId !== undefined) {
      await unmounts.settle(use).catch((error: unknown) => {
        throw wrapError(context, error);
      });
    }
    const mountId = newId();
    state.note(() => state.volumeUses.put({ ...use, mountId }));
    try {
      const path = await driver.mount(record.name, mountId);
      if (options?.quietly === true) return path;
      events.publish({
        type: "volume",
        action: "mount",
        id: record.name,
        attributes: {
          container: containerId,
          destination,
          driver: record.driver,
          propagation: "",
          "read/write": "true",
        },
      });
      return path;
    } catch (error) {
      await this.#undo({ ...use, mountId }, error);
      throw wrapError(context, error);
    }
  }

  unmountAll(containerId: string, options?: MountOptions): Promise<void> {
    return this.#options.unmounts.unmountAll(containerId, options);
  }

  async release(
    containerId: string,
    { removeAnonymous }: { readonly removeAnonymous: boolean },
  ): Promise<void> {
    const { unmounts, queue } = this.#options;
    const names = new Set(this.#uses(containerId).map(({ volume }) => volume));
    await unmounts.unmountAll(containerId);
    unmounts.end(containerId);
    if (!removeAnonymous) return;
    for (const name of names) await queue.run(name, () => this.#removeAnonymous(name));
  }

  /**
   * Ends the uses of containers that an earlier engine was about to make, or could not let go of. What is not mounted is
   * free when this returns its promise, the rest once its driver has answered. To be called before containers are made.
   */
  async restore(): Promise<void> {
    const { state, unmounts, queue } = this.#options;
    const orphans = state.volumeUses
      .list()
      .filter(({ containerId }) => state.containers.get(containerId) === undefined);
    for (const id of new Set(orphans.map(({ containerId }) => containerId))) unmounts.end(id);
    // What is still mounted of a plugin may be of a container that was removed without its volumes.
    const unwanted = orphans.filter(
      ({ volume, mountId }) => mountId === undefined || state.volumes.get(volume)?.driver === "local",
    );
    const removable = new Set(unwanted.map(({ volume }) => volume));
    const names = new Set(orphans.map(({ volume }) => volume));
    await Promise.all(
      [...names].map((name) =>
        queue.run(name, async () => {
          await unmounts.settleGone(name, { force: false });
          if (removable.has(name)) await this.#removeAnonymous(name);
        }),
      ),
    );
  }

  async mountpoint(name: string): Promise<string> {
    const record = this.#options.state.volumes.get(name);
    if (record === undefined) return "";
    try {
      const driver = await this.#options.drivers.get(record.driver);
      return (await driver.get(name, { atOnce: true }))?.Mountpoint ?? "";
    } catch (error) {
      this.#options.logger.debug({ volume: name, reason: messageOf(error) }, "mountpoint is not known");
      return "";
    }
  }

  /** Whether any container has the volume mounted under another ID. */
  mountedElsewhere(volume: string, mountId: string): boolean {
    return this.#options.state.volumeUses
      .ofVolume(volume)
      .some((use) => use.mountId !== undefined && use.mountId !== mountId);
  }

  #uses(containerId: string): readonly VolumeUse[] {
    return this.#options.state.volumeUses.ofContainer(containerId);
  }

  /** A driver that did not refuse may have mounted all the same, whatever it answered: it is told to unmount. */
  async #undo(use: VolumeUse, reason: unknown): Promise<void> {
    const { unmounts, logger } = this.#options;
    if (reason instanceof PluginRefusal) {
      unmounts.forget(use);
      return;
    }
    await unmounts.settle(use).catch((error: unknown) => {
      logger.warn({ volume: use.volume, err: error }, "failed mount was not given back yet");
    });
  }

  /** Callers hold the volume's queue. */
  async #removeAnonymous(name: string): Promise<void> {
    const { state, volumes, logger } = this.#options;
    const anonymous = state.volumes.get(name)?.labels[anonymousLabel] !== undefined;
    if (!anonymous || state.volumeUses.ofVolume(name).length > 0) return;
    await volumes.removeUnused(name, { force: false }).catch((error: unknown) => {
      logger.error({ volume: name, err: error }, "anonymous volume was not removed");
    });
  }
}
