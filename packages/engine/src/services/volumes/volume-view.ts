import type { DriverVolume, Volume } from "@davit/protocol";
import type { VolumeRecord } from "../../core/volume/record.ts";

/** What clients are shown of a volume: the engine's record and what its driver said, if it was asked. */
export function volumeView(record: VolumeRecord, known: DriverVolume | undefined, scope: string): Volume {
  const createdAt = known?.CreatedAt ?? record.createdAt;
  return {
    ...(createdAt === "" ? {} : { CreatedAt: createdAt }),
    Driver: record.driver,
    Labels: emptyAsNull(record.labels),
    Mountpoint: known?.Mountpoint ?? "",
    Name: record.name,
    Options: emptyAsNull(record.options),
    Scope: scope,
  };
}

const emptyAsNull = (map: Readonly<Record<string, string>>): Record<string, string> | null =>
  Object.keys(map).length === 0 ? null : { ...map };

/** The record of a volume that only its driver knows of. */
export const unrecorded = (name: string, driver: string): VolumeRecord => ({
  name,
  driver,
  options: {},
  labels: {},
  createdAt: "",
  pending: undefined,
});
