import type { CreateRequest, MountRequest, VolumeDriver, VolumeRequest } from "../volume/volume-driver.ts";

/** The least a volume driver can be; keeps what it was asked for. */
export class MemoryVolumeDriver implements VolumeDriver {
  readonly asked: string[] = [];
  readonly #volumes = new Set<string>();

  create({ name, options }: CreateRequest): void {
    this.asked.push(`create ${name} ${JSON.stringify(options)}`);
    if (options["fail"] !== undefined) throw new Error(options["fail"]);
    this.#volumes.add(name);
  }

  remove({ name }: VolumeRequest): void {
    this.asked.push(`remove ${name}`);
    this.#volumes.delete(name);
  }

  mount({ name, id }: MountRequest): string {
    this.asked.push(`mount ${name} ${id}`);
    return `/mnt/volumes/${name}`;
  }

  unmount({ name, id }: MountRequest): void {
    this.asked.push(`unmount ${name} ${id}`);
  }

  path(): undefined {
    return undefined;
  }

  get({ name }: VolumeRequest) {
    if (!this.#volumes.has(name)) return undefined;
    return { name, createdAt: new Date(0), status: { colour: "blue" } };
  }

  list() {
    return Array.from(this.#volumes, (name) => ({ name }));
  }
}
