import { type MountCounts, StateFile } from "@davit/sdk";
import * as z from "zod";
import { type VolumeKind, volumeKindSchema } from "./volume-kind.ts";

const indexSchema = z.object({
  volumes: z.record(z.string(), z.object({ createdAt: z.iso.datetime(), kind: volumeKindSchema })),
  mounts: z.record(z.string(), z.record(z.string(), z.number().int().positive())),
});

export interface IndexedVolume {
  readonly createdAt: string;
  readonly kind: VolumeKind;
}

interface IndexData {
  readonly volumes: Readonly<Record<string, IndexedVolume>>;
  /** Who has which tmpfs mounted; mounts outlive this process. */
  readonly mounts: MountCounts;
}

/** The volumes that exist. */
export type VolumeIndex = StateFile<IndexData>;

export const openVolumeIndex = (path: string): Promise<VolumeIndex> =>
  StateFile.open<IndexData>(path, {
    version: 1,
    initial: { volumes: {}, mounts: {} },
    parse: (stored) => indexSchema.parse(stored),
  });
