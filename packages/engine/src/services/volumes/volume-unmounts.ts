import { EngineError, PluginRefusal } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import { localName } from "../../core/plugin/resolve.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { VolumeUse } from "../../core/volume/record.ts";
import { type DriverCatalog, isDriverAbsent } from "../drivers/volume-drivers.ts";
import type { MountOptions } from "./container-volumes.ts";

export interface VolumeUnmountsOptions {
  readonly state: State;
  readonly drivers: Pick<DriverCatalog, "get">;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

/** Ends mounts of volumes. A mount ID stays on record until its driver has unmounted it, even beyond its container. */
export class VolumeUnmounts {
  readonly #options: VolumeUnmountsOptions;
  /** Containers that are no more, of which mounts are left. */
  readonly #gone = new Set<string>();

  constructor(options: VolumeUnmountsOptions) {
    this.#options = options;
  }

  /** Failures are logged, and what failed is kept for the next attempt. */
  async unmountAll(containerId: string, options?: MountOptions): Promise<void> {
    const { state, logger } = this.#options;
    const events = options?.events ?? this.#options.events;
    await Promise.all(
      state.volumeUses.ofContainer(containerId).map(async (use) => {
        if (use.mountId === undefined) return;
        try {
          await this.#unmount(use);
        } catch (error) {
          const fields = { volume: use.volume, container: containerId, err: error };
          logger.error(fields, "volume was not unmounted");
          return;
        }
        this.forget(use);
        if (options?.quietly === true) return;
        const driver = state.volumes.get(use.volume)?.driver ?? "";
        const attributes = { container: containerId, driver };
        events.publish({ type: "volume", action: "unmount", id: use.volume, attributes });
      }),
    );
  }

  /** Ends one mount; a driver that answers anything, if only that it will not, has had its Unmount. Fails if it does not answer. */
  async settle(use: VolumeUse): Promise<void> {
    try {
      await this.#unmount(use);
    } catch (error) {
      if (!(error instanceof PluginRefusal)) throw error;
      this.#options.logger.warn({ volume: use.volume, err: error }, "driver refused to unmount a volume");
    }
    this.forget(use);
  }

  /** Notes that a mount is over, unless its place has another by now. */
  forget(use: VolumeUse): void {
    const { state } = this.#options;
    const current = state.volumeUses
      .ofContainer(use.containerId)
      .find(({ destination }) => destination === use.destination);
    if (current === undefined || current.mountId !== use.mountId) return;
    state.note(() => state.volumeUses.put({ ...current, mountId: undefined }));
  }

  /** Ends the uses of a container that is no more; those that are still mounted stay until `settleGone`. */
  end(containerId: string): void {
    const { state } = this.#options;
    const left = state.volumeUses.ofContainer(containerId).filter(({ mountId }) => mountId !== undefined);
    state.transaction(() => {
      state.volumeUses.removeOfContainer(containerId);
      for (const use of left) state.volumeUses.put(use);
    });
    if (left.length > 0) this.#gone.add(containerId);
    else this.#gone.delete(containerId);
  }

  /**
   * Tries again to end what containers that are no more left mounted of a volume; failures are logged. With `force` a driver that is not
   * there is not waited for to be told.
   */
  async settleGone(volume: string, { force }: { readonly force: boolean }): Promise<void> {
    const { state, logger } = this.#options;
    for (const use of state.volumeUses.ofVolume(volume)) {
      if (!this.#gone.has(use.containerId)) continue;
      try {
        await this.settle(use);
        this.end(use.containerId);
      } catch (error) {
        const fields = { volume, container: use.containerId, err: error };
        if (!(force && isDriverAbsent(error))) {
          logger.error(fields, "volume is still mounted");
          continue;
        }
        logger.warn(fields, "mount of a volume is forgotten, since its driver is not there to be told");
        this.forget(use);
        this.end(use.containerId);
      }
    }
  }

  async #unmount({ volume, mountId }: VolumeUse): Promise<void> {
    const { state, drivers } = this.#options;
    const record = state.volumes.get(volume);
    if (record === undefined || mountId === undefined) return;
    const driver = await drivers.get(record.driver).catch((error: unknown) => {
      // With a managed plugin that has been removed its mounts are gone. Another that is not there may only be starting anew.
      const isNotFound = error instanceof EngineError && error.kind === "not-found";
      if (isNotFound && localName(record.driver) === record.driver) return undefined;
      throw error;
    });
    await driver?.unmount(volume, mountId);
  }
}
