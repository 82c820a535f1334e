import { mkdir, rm } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import {
  type CreateRequest,
  MountCounter,
  type MountRequest,
  type VolumeDriver,
  type VolumeInfo,
  type VolumeRequest,
} from "@davit/sdk";
import { mountPoints, mountTmpfs, unmountTmpfs } from "./tmpfs.ts";
import { type IndexedVolume, openVolumeIndex, type VolumeIndex } from "./volume-index.ts";
import { parseVolumeOptions } from "./volume-kind.ts";

/** Names become directories, so they are held to the rule of the engine's own `local` driver. */
const validName = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** Volumes below `<baseDir>/data/<name>`: directories that persist, or tmpfs mounts that live while in use. */
export class LocalVolumeDriver implements VolumeDriver {
  readonly #dataDir: string;
  readonly #index: VolumeIndex;
  readonly #mounts: MountCounter;

  private constructor(dataDir: string, index: VolumeIndex, mounts: MountCounter) {
    this.#dataDir = dataDir;
    this.#index = index;
    this.#mounts = mounts;
  }

  static async open(baseDir: string): Promise<LocalVolumeDriver> {
    const dataDir = `${baseDir}/data`;
    await mkdir(dataDir, { recursive: true });
    const index = await openVolumeIndex(`${baseDir}/index.json`);
    // A reference to a mount that is gone (a reboot, a disabled plugin) would keep the next one from being made.
    const mounted = await mountPoints();
    const alive = Object.entries(index.current.mounts).filter(([name]) => mounted.has(`${dataDir}/${name}`));
    return new LocalVolumeDriver(dataDir, index, new MountCounter(Object.fromEntries(alive)));
  }

  async create({ name, options }: CreateRequest): Promise<void> {
    if (!validName.test(name)) throw new Error("invalid name: letters, digits and _ . - only, at most 128");
    const kind = parseVolumeOptions(options);
    const volume = { createdAt: new Date().toISOString(), kind };
    if (this.#find(name) === undefined) await mkdir(this.#path(name), { recursive: true, mode: 0o755 });
    await this.#index.change((data) => {
      const existing = Object.hasOwn(data.volumes, name) ? data.volumes[name] : undefined;
      if (existing === undefined) return { ...data, volumes: { ...data.volumes, [name]: volume } };
      // The engine repeats a create whose answer was lost.
      if (isDeepStrictEqual(existing.kind, kind)) return data;
      throw new Error("volume exists with other options");
    });
  }

  async remove({ name }: VolumeRequest): Promise<void> {
    this.#require(name);
    await this.#mounts.drop(name, async () => {
      await unmountTmpfs(this.#path(name));
      // Data first: a volume without its data can be removed again, data without a volume would come back.
      await rm(this.#path(name), { recursive: true, force: true });
    });
    await this.#index.change(({ volumes, mounts }) => ({
      volumes: without(volumes, name),
      mounts: without(mounts, name),
    }));
  }

  async mount({ name, id }: MountRequest): Promise<string> {
    const { kind } = this.#require(name);
    const path = this.#path(name);
    if (kind.type === "directory") return path;
    await this.#mounts.mount({ name, id }, () => mountTmpfs(path, kind.size));
    try {
      await this.#keepCounts();
    } catch (error) {
      await this.#mounts.unmount({ name, id }, () => unmountTmpfs(path));
      throw error;
    }
    return path;
  }

  async unmount({ name, id }: MountRequest): Promise<void> {
    if (this.#require(name).kind.type === "directory") return;
    await this.#mounts.unmount({ name, id }, () => unmountTmpfs(this.#path(name)));
    await this.#keepCounts();
  }

  path({ name }: VolumeRequest): string | undefined {
    return this.#describe(name, this.#require(name)).mountpoint;
  }

  get({ name }: VolumeRequest): VolumeInfo | undefined {
    const volume = this.#find(name);
    return volume === undefined ? undefined : this.#describe(name, volume);
  }

  list(): readonly VolumeInfo[] {
    return Object.entries(this.#index.current.volumes).map(([name, volume]) => this.#describe(name, volume));
  }

  #describe(name: string, { createdAt, kind }: IndexedVolume): VolumeInfo {
    const visible = kind.type === "directory" || this.#mounts.isMounted(name);
    return {
      name,
      createdAt: new Date(createdAt),
      status: kind,
      ...(visible && { mountpoint: this.#path(name) }),
    };
  }

  #path(name: string): string {
    return `${this.#dataDir}/${name}`;
  }

  #find(name: string): IndexedVolume | undefined {
    const { volumes } = this.#index.current;
    return Object.hasOwn(volumes, name) ? volumes[name] : undefined;
  }

  #require(name: string): IndexedVolume {
    const volume = this.#find(name);
    if (volume === undefined) throw new Error(`no such volume: ${name}`);
    return volume;
  }

  async #keepCounts(): Promise<void> {
    await this.#index.change((data) => ({ ...data, mounts: this.#mounts.counts() }));
  }
}

function without<Value>(record: Readonly<Record<string, Value>>, name: string): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));
}
