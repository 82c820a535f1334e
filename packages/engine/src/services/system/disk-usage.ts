import type { ContainerSummary, Digest, ImageSummary, Volume } from "@davit/protocol";
import { isCanceled, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { MeasureTree } from "../../core/ports/measure-tree.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import type { State } from "../../core/ports/state.ts";
import type { Containers } from "../containers/containers.ts";
import type { Images } from "../images/images.ts";
import type { VolumeService } from "../volumes/volume-service.ts";

export interface DiskUsagePorts {
  readonly state: State;
  readonly snapshots: Snapshots;
  readonly images: Pick<Images, "list">;
  readonly containers: Pick<Containers, "list">;
  readonly volumes: Pick<VolumeService, "list">;
  readonly measureTree: MeasureTree;
  readonly logger: Logger;
}

export const diskUsageTypes = ["container", "image", "volume", "build-cache"] as const;
export type DiskUsageType = (typeof diskUsageTypes)[number];

/** A plugin's share; Docker Engine does not tell it. */
export interface PluginUsage {
  readonly Id: string;
  readonly Name: string;
  readonly Enabled: boolean;
  /** Bytes that it wrote to its root file system. */
  readonly SizeRw: number;
  /** Those and its layers. */
  readonly SizeRootFs: number;
}

export interface DiskUsageReport {
  readonly LayersSize: number;
  readonly Images?: readonly ImageSummary[];
  readonly Containers?: readonly ContainerSummary[];
  readonly Volumes?: readonly Volume[];
  readonly BuildCache?: readonly never[];
  readonly BuilderSize: number;
  readonly Plugins: readonly PluginUsage[];
}

const everything = { all: true, limit: 0, filters: new Map() } as const;

/** A volume may be huge, or on a disk that hangs: then its size stays unknown. */
const measureTimeoutMs = 20_000;
const unknown = -1;

/** What takes how much of the disk. */
export class DiskUsage {
  readonly #ports: DiskUsagePorts;

  constructor(ports: DiskUsagePorts) {
    this.#ports = ports;
  }

  async report(types: ReadonlySet<DiskUsageType>, signal: AbortSignal): Promise<DiskUsageReport> {
    const { containers } = this.#ports;
    const [images, containerList, volumes, plugins] = await Promise.all([
      types.has("image") ? this.#images() : undefined,
      types.has("container") ? containers.list(everything, { size: true }) : undefined,
      types.has("volume") ? this.#volumes(signal) : undefined,
      this.#plugins(),
    ]);
    return {
      LayersSize: images?.layersBytes ?? 0,
      ...(images && { Images: images.list }),
      ...(containerList && { Containers: containerList }),
      ...(volumes && { Volumes: volumes }),
      ...(types.has("build-cache") && { BuildCache: [] }),
      BuilderSize: 0,
      Plugins: plugins,
    };
  }

  async #images(): Promise<{ readonly list: readonly ImageSummary[]; readonly layersBytes: number }> {
    const { state, images } = this.#ports;
    const records = state.images.list();
    const users = Map.groupBy(
      records.flatMap(({ layers }) => [...new Set(layers)]),
      (diffId) => diffId,
    );
    const sizes = await this.#layerSizes(users.keys());
    const shared = new Map<string, number>(
      records.map(({ id, layers }) => [
        id,
        sum(
          [...new Set(layers)].map((diffId) =>
            users.get(diffId)?.length === 1 ? 0 : (sizes.get(diffId) ?? 0),
          ),
        ),
      ]),
    );
    const list = (await images.list(new Map())).map((row) => ({
      ...row,
      SharedSize: shared.get(row.Id) ?? 0,
    }));
    return { list, layersBytes: sum(sizes.values()) };
  }

  /** Those that lie on this host's disk: of the others nobody knows. */
  async #volumes(signal: AbortSignal): Promise<readonly Volume[]> {
    const { state, volumes } = this.#ports;
    const { volumes: all } = await volumes.list(signal);
    const local = all.filter(
      ({ Driver, Options }) => Driver === "local" && Object.keys(Options ?? {}).length === 0,
    );
    return await Promise.all(
      local.map(async (volume) => {
        const users = state.volumeUses.ofVolume(volume.Name).map(({ containerId }) => containerId);
        const Size = await this.#sizeOf(volume, signal);
        return { ...volume, UsageData: { RefCount: new Set(users).size, Size } };
      }),
    );
  }

  async #sizeOf({ Name, Mountpoint }: Volume, signal: AbortSignal): Promise<number> {
    if (Mountpoint === "") return unknown;
    try {
      const either = AbortSignal.any([signal, AbortSignal.timeout(measureTimeoutMs)]);
      return await this.#ports.measureTree(Mountpoint, either);
    } catch (error) {
      signal.throwIfAborted();
      const reason = isCanceled(error) ? `it takes more than ${measureTimeoutMs} ms` : messageOf(error);
      this.#ports.logger.warn({ volume: Name, reason }, "size of a volume stays unknown");
      return unknown;
    }
  }

  async #plugins(): Promise<readonly PluginUsage[]> {
    const { state, snapshots } = this.#ports;
    return await Promise.all(
      state.plugins.list().map(async ({ id, name, enabled, rootfsKey, layers }) => {
        const written = await snapshots.usage(rootfsKey);
        const sizes = await this.#layerSizes(new Set(layers.map(({ diffId }) => diffId)));
        return {
          Id: id,
          Name: name,
          Enabled: enabled,
          SizeRw: written,
          SizeRootFs: written + sum(sizes.values()),
        };
      }),
    );
  }

  async #layerSizes(diffIds: Iterable<Digest>): Promise<ReadonlyMap<Digest, number>> {
    const entries = [...diffIds].map(async (diffId): Promise<[Digest, number]> => {
      const layer = await this.#ports.snapshots.layer(diffId);
      return [diffId, layer?.sizeBytes ?? 0];
    });
    return new Map(await Promise.all(entries));
  }
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);
