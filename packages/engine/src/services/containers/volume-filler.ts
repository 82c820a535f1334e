import type { ContainerMount, ContainerRecord } from "../../core/container/record.ts";
import type { ContainerPorts } from "./container-ports.ts";

/** What a container that is being made has already. */
export type UnfilledContainer = Pick<ContainerRecord, "id" | "layers" | "mounts">;

const wantsContent = ({ type, noCopy, subpath }: ContainerMount): boolean =>
  type === "volume" && noCopy !== true && subpath === undefined;

/** Puts what the image has at a volume's place into the volume, if that is empty; whatever driver has it. */
export class VolumeFiller {
  readonly #ports: ContainerPorts;

  constructor(ports: ContainerPorts) {
    this.#ports = ports;
  }

  /** Leaves nothing mounted; what the container was about to get is discarded if it fails. */
  async fillAll({ id, layers, mounts }: UnfilledContainer): Promise<void> {
    const wanted = mounts.filter(wantsContent);
    if (wanted.length === 0) return;
    const { snapshots, layout } = this.#ports;
    const { rootfs } = layout.container(id);
    try {
      await snapshots.mount({ key: id, layers, target: rootfs });
      await this.#fillEach(id, rootfs, wanted);
    } catch (error) {
      await snapshots.unmount(rootfs);
      await snapshots.discard(id);
      throw error;
    }
    await snapshots.unmount(rootfs);
  }

  async #fillEach(id: string, rootfs: string, wanted: readonly ContainerMount[]): Promise<void> {
    const { mountFiles, volumes, host, layout } = this.#ports;
    const { mounts } = layout.container(id);
    for (const { destination, driver } of wanted) {
      const found = await mountFiles.resolveInside(rootfs, destination);
      // Drivers are not asked to mount what there is nothing to copy to.
      if (!found?.isDirectory) continue;
      try {
        const path = await volumes.mount(id, destination, { quietly: true });
        // What a plugin answered is held, so that it cannot put a link to somewhere else in its place.
        const target = driver === "local" ? path : `${mounts}/filling`;
        if (target !== path) await mountFiles.bindResolved(path, target);
        await mountFiles.copyIntoEmpty(found.path, target);
      } finally {
        await host.unmountBelow(mounts);
        await volumes.unmountAll(id, { quietly: true });
      }
    }
  }
}
