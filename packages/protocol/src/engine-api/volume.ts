import * as z from "zod";
import { goObject, goStringMap } from "../json.ts";

export const volumeCreateBodySchema = goObject({
  Name: z.string().default(""),
  Driver: z.string().default(""),
  DriverOpts: goStringMap,
  Labels: goStringMap,
});
export type VolumeCreateBody = z.output<typeof volumeCreateBodySchema>;

const nullableMap = z.record(z.string(), z.string()).nullable();

export const volumeSchema = z.object({
  CreatedAt: z.string().optional(),
  Driver: z.string(),
  Labels: nullableMap,
  Mountpoint: z.string(),
  Name: z.string(),
  Options: nullableMap,
  Scope: z.string(),
  Status: z.record(z.string(), z.unknown()).optional(),
  UsageData: z.object({ RefCount: z.number(), Size: z.number() }).optional(),
});
export type Volume = z.output<typeof volumeSchema>;

export const volumeListSchema = z.object({
  Volumes: z.preprocess((value) => value ?? [], z.array(volumeSchema)),
  Warnings: z.array(z.string()).nullable(),
});
export type VolumeList = z.output<typeof volumeListSchema>;
