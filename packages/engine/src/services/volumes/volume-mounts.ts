import { EngineError, messageOf, wrapError } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { newId } from "../../core/identifiers.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { VolumeRecord, VolumeUse } from "../../core/volume/record.ts";
import type { VolumeDrivers } from "../drivers/volume-drivers.ts";
import type { ContainerVolumes, MountOptions, VolumeRequest } from "./container-volumes.ts";
import { anonymousLabel, type VolumeService, withName } from "./volume-service.ts";

export interface VolumeMountsOptions {
  readonly state: State;
  readonly volumes: VolumeService;
  readonly drivers: VolumeDrivers;
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

  acquire(request: VolumeRequest, containerId: string, destination: string): Promise<VolumeRecord> {
    const { queue, state, volumes } = this.#options;
    const named = withName(request);
    return queue.run(named.name, async () => {
      const record = await volumes.ensure(named);
      state.volumeUses.put({ volume: record.name, containerId, destination, mountId: undefined });
      return record;
    });
  }

  async mount(containerId: string, destination: string, options?: MountOptions): Promise<string> {
    const { state, drivers, events } = this.#options;
    const use = this.#uses(containerId).find((candidate) => candidate.destination === destination);
    const record = use === undefined ? undefined : state.volumes.get(use.volume);
    if (use === undefined || record === undefined) {
      throw new EngineError("not-found", `container ${containerId} has no volume at ${destination}`);
    }
    const context = `error while mounting volume '${record.name}'`;
    const driver = await drivers.get(record.driver).catch((error: unknown) => {
      throw wrapError(context, error);
    });
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
      const answered = error instanceof EngineError && error.kind === "internal";
      // A driver that did not answer may have mounted all the same: it is told to unmount.
      if (!answered) await this.#giveBack(use, mountId);
      state.note(() => state.volumeUses.put({ ...use, mountId: undefined }));
      throw wrapError(context, error);
    }
  }

  async unmountAll(containerId: string, options?: MountOptions): Promise<void> {
    const { state, drivers, events, logger } = this.#options;
    const mounted = this.#uses(containerId).filter(({ mountId }) => mountId !== undefined);
    await Promise.all(
      mounted.map(async (use) => {
        const driverName = state.volumes.get(use.volume)?.driver;
        try {
          if (driverName !== undefined && use.mountId !== undefined) {
            const driver = await drivers.get(driverName);
            await driver.unmount(use.volume, use.mountId);
          }
          state.note(() => state.volumeUses.put({ ...use, mountId: undefined }));
          if (options?.quietly === true) return;
          events.publish({
            type: "volume",
            action: "unmount",
            id: use.volume,
            attributes: { container: containerId, driver: driverName ?? "" },
          });
        } catch (error) {
          logger.error(
            { volume: use.volume, container: containerId, err: error },
            "volume was not unmounted",
          );
        }
      }),
    );
  }

  async release(
    containerId: string,
    { removeAnonymous }: { readonly removeAnonymous: boolean },
  ): Promise<void> {
    const { state, queue, volumes, logger } = this.#options;
    const names = new Set(this.#uses(containerId).map(({ volume }) => volume));
    state.transaction(() => state.volumeUses.removeOfContainer(containerId));
    if (!removeAnonymous) return;
    for (const name of names) {
      await queue.run(name, async () => {
        const anonymous = state.volumes.get(name)?.labels[anonymousLabel] !== undefined;
        if (!anonymous || state.volumeUses.ofVolume(name).length > 0) return;
        await volumes.removeUnused(name, { force: false }).catch((error: unknown) => {
          logger.error(
            { volume: name, container: containerId, err: error },
            "anonymous volume was not removed",
          );
        });
      });
    }
  }

  async mountpoint(name: string): Promise<string> {
    const record = this.#options.state.volumes.get(name);
    if (record === undefined) return "";
    try {
      const driver = await this.#options.drivers.get(record.driver);
      return (await driver.get(name))?.Mountpoint ?? "";
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

  async #giveBack(use: VolumeUse, mountId: string): Promise<void> {
    const { state, drivers, logger } = this.#options;
    try {
      const record = state.volumes.get(use.volume);
      if (record !== undefined) await (await drivers.get(record.driver)).unmount(use.volume, mountId);
    } catch (error) {
      logger.debug({ volume: use.volume, err: error }, "failed mount was not there to be given back");
    }
  }
}
