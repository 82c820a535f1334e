import * as z from "zod";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image

const labels = z.record(z.string(), z.string()).nullable();
const stringsOrNull = z.array(z.string()).nullable();

export const imageSummarySchema = z.object({
  Id: z.string(),
  ParentId: z.string(),
  RepoTags: z.array(z.string()),
  RepoDigests: z.array(z.string()),
  /** Seconds since 1970. */
  Created: z.number(),
  /** Bytes. */
  Size: z.number(),
  /** Bytes; -1 for not computed. */
  SharedSize: z.number(),
  /** Until API 1.43; the same as `Size`. */
  VirtualSize: z.number().optional(),
  Labels: labels,
  /** -1 for not computed. */
  Containers: z.number(),
});
/** One row of `GET /images/json`. */
export type ImageSummary = z.output<typeof imageSummarySchema>;

export const imageInspectSchema = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()),
  RepoDigests: z.array(z.string()),
  Parent: z.string(),
  Comment: z.string(),
  Created: z.string().optional(),
  DockerVersion: z.string(),
  Author: z.string(),
  Config: z
    .looseObject({
      User: z.string().optional(),
      Env: stringsOrNull.optional(),
      Entrypoint: stringsOrNull.optional(),
      Cmd: stringsOrNull.optional(),
      WorkingDir: z.string().optional(),
      Labels: labels.optional(),
      Volumes: z.record(z.string(), z.unknown()).nullish(),
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      StopSignal: z.string().optional(),
    })
    .nullable(),
  Architecture: z.string(),
  Variant: z.string().optional(),
  Os: z.string(),
  Size: z.number(),
  VirtualSize: z.number().optional(),
  GraphDriver: z.object({ Name: z.string(), Data: z.record(z.string(), z.string()).nullable() }),
  RootFS: z.object({ Type: z.string(), Layers: z.array(z.string()) }),
  Metadata: z.object({ LastTagTime: z.string() }),
});
/** What `GET /images/{name}/json` answers. */
export type ImageInspect = z.output<typeof imageInspectSchema>;

/** One step of a removal: exactly one of the two is there. */
export const imageDeletedSchema = z.object({
  Untagged: z.string().optional(),
  Deleted: z.string().optional(),
});
export type ImageDeleted = z.output<typeof imageDeletedSchema>;

export const imagePruneResponseSchema = z.object({
  ImagesDeleted: z.array(imageDeletedSchema).nullable(),
  SpaceReclaimed: z.number(),
});
export type ImagePruneResponse = z.output<typeof imagePruneResponseSchema>;

export const imageHistoryItemSchema = z.object({
  Id: z.string(),
  Created: z.number(),
  CreatedBy: z.string(),
  Tags: stringsOrNull,
  Size: z.number(),
  Comment: z.string(),
});
export type ImageHistoryItem = z.output<typeof imageHistoryItemSchema>;
