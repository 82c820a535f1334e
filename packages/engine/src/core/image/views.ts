import type { ImageConfig, ImageHistoryItem, ImageInspect, ImageSummary } from "@davit/protocol";
import type { ImageRecord } from "./record.ts";

/** One row of `GET /images/json`. */
export const imageSummary = (record: ImageRecord, config: ImageConfig, containers: number): ImageSummary => ({
  Id: record.id,
  ParentId: "",
  RepoTags: [...record.tags],
  RepoDigests: [...record.repoDigests],
  Created: Math.floor(Date.parse(record.createdAt) / 1000),
  Size: record.sizeBytes,
  SharedSize: -1,
  VirtualSize: record.sizeBytes,
  Labels: config.config?.Labels ?? null,
  Containers: containers,
});

/** What `GET /images/{name}/json` answers. */
export const imageInspect = (
  record: ImageRecord,
  config: ImageConfig,
  storageDriver: string,
): ImageInspect => ({
  Id: record.id,
  RepoTags: [...record.tags],
  RepoDigests: [...record.repoDigests],
  Parent: "",
  Comment: lastComment(config),
  Created: record.createdAt,
  DockerVersion: "",
  Author: config.author ?? "",
  Config: config.config ?? null,
  Architecture: config.architecture,
  ...(config.variant === undefined ? {} : { Variant: config.variant }),
  Os: config.os,
  Size: record.sizeBytes,
  VirtualSize: record.sizeBytes,
  GraphDriver: { Name: storageDriver, Data: null },
  RootFS: { Type: "layers", Layers: [...record.layers] },
  Metadata: { LastTagTime: "0001-01-01T00:00:00Z" },
});

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const lastComment = (config: ImageConfig): string => textOf(config.history?.at(-1)?.["comment"]);

/** What `GET /images/{name}/history` answers, newest first; sizes by layer, bottom first. */
export function imageHistory(
  record: ImageRecord,
  config: ImageConfig,
  layerSizes: readonly number[],
): readonly ImageHistoryItem[] {
  let layer = 0;
  const items = (config.history ?? []).map((entry) => ({
    Id: "<missing>",
    Created: Math.floor((Date.parse(textOf(entry["created"])) || 0) / 1000),
    CreatedBy: textOf(entry["created_by"]),
    Tags: null as string[] | null,
    Size: entry["empty_layer"] === true ? 0 : (layerSizes[layer++] ?? 0),
    Comment: textOf(entry["comment"]),
  }));
  const newestFirst = items.reverse();
  return newestFirst.map((item, at) =>
    at === 0 ? { ...item, Id: record.id, Tags: record.tags.length === 0 ? null : [...record.tags] } : item,
  );
}
