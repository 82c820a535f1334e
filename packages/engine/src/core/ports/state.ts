import type { ContainerRecord } from "../container/record.ts";
import type { ImageRecord } from "../image/record.ts";
import type { EndpointRecord, NetworkRecord } from "../network/record.ts";
import type { AdoptionRecord, PluginRecord } from "../plugin/record.ts";
import type { VolumeRecord, VolumeUse } from "../volume/record.ts";

/** Records of one kind by their key. Lists come in key order. */
export interface Table<RecordType> {
  get(key: string): RecordType | undefined;
  list(): readonly RecordType[];
  /** Adds or replaces. */
  put(record: RecordType): void;
  remove(key: string): void;
}

export interface VolumeUses {
  /** Uses of one volume, or all. */
  ofVolume(volume: string): readonly VolumeUse[];
  ofContainer(containerId: string): readonly VolumeUse[];
  list(): readonly VolumeUse[];
  put(use: VolumeUse): void;
  removeOfContainer(containerId: string): void;
}

export interface Endpoints extends Table<EndpointRecord> {
  ofContainer(containerId: string): readonly EndpointRecord[];
  ofNetwork(networkId: string): readonly EndpointRecord[];
}

/**
 * Everything that the engine remembers besides blobs. Each call, and each transaction as a whole, is on disk when it
 * returns; a kill at any instant leaves either the old state or the new.
 */
export interface State {
  transaction<Result>(work: () => Result): Result;
  /**
   * For notes on work under way, which only an engine that was killed needs to find: they survive that, but a power cut may
   * take the last of them, and with them what they were about. The next change outside makes them as safe as itself.
   */
  note(work: () => void): void;
  /** By ID. */
  readonly plugins: Table<PluginRecord>;
  /** By ID; outlives the plugin. */
  readonly adoptions: Table<AdoptionRecord>;
  /** By name. */
  readonly volumes: Table<VolumeRecord>;
  readonly volumeUses: VolumeUses;
  /** By ID. */
  readonly containers: Table<ContainerRecord>;
  /** By ID. */
  readonly networks: Table<NetworkRecord>;
  /** By their own IDs. */
  readonly endpoints: Endpoints;
  /** By ID. */
  readonly images: Table<ImageRecord>;
  close(): void;
}
