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
      for (const { destination } of wanted) await this.#fillOne(id, rootfs, destination);
    } catch (error) {
      await this.#unmount(id, rootfs);
      await snapshots.discard(id);
      throw error;
    }
    await this.#unmount(id, rootfs);
  }

  async #fillOne(id: string, rootfs: string, destination: string): Promise<void> {
    const { mountFiles, volumes } = this.#ports;
    const found = await mountFiles.resolveInside(rootfs, destination);
    // Drivers are not asked to mount what there is nothing to copy to.
    if (!found?.isDirectory) return;
    await mountFiles.copyIntoEmpty(found.path, await volumes.mount(id, destination, { quietly: true }));
  }

  async #unmount(id: string, rootfs: string): Promise<void> {
    await this.#ports.volumes.unmountAll(id, { quietly: true });
    await this.#ports.snapshots.unmount(rootfs);
  }
}
