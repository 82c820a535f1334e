import * as z from "zod";
import { goList, goObject } from "../json.ts";

// https://docs.docker.com/engine/extend/plugins_volume/

const err = z.string().default("");

/** RFC 3339, as Go's time.Time insists on. */
const timestamp = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/, "expected an RFC 3339 time")
  .optional();

const driverVolume = goObject({
  Name: z.string().default(""),
  Mountpoint: z.string().default(""),
  CreatedAt: timestamp,
  Status: z.record(z.string(), z.unknown()).optional(),
});
export type DriverVolume = z.output<typeof driverVolume>;

export const volumeDriverResponses = {
  "VolumeDriver.Create": goObject({ Err: err }),
  "VolumeDriver.Remove": goObject({ Err: err }),
  "VolumeDriver.Mount": goObject({ Mountpoint: z.string().default(""), Err: err }),
  "VolumeDriver.Unmount": goObject({ Err: err }),
  "VolumeDriver.Path": goObject({ Mountpoint: z.string().default(""), Err: err }),
  "VolumeDriver.Get": goObject({ Volume: driverVolume.optional(), Err: err }),
  "VolumeDriver.List": goObject({ Volumes: goList(driverVolume), Err: err }),
  "VolumeDriver.Capabilities": goObject({
    Capabilities: goObject({ Scope: z.string().default("") }).optional(),
    Err: err,
  }),
} as const;

export const volumeDriverRequests = {
  "VolumeDriver.Create": goObject({
    Name: z.string(),
    Opts: z.preprocess((value) => value ?? {}, z.record(z.string(), z.string())),
  }),
  "VolumeDriver.Remove": goObject({ Name: z.string() }),
  "VolumeDriver.Mount": goObject({ Name: z.string(), ID: z.string() }),
  "VolumeDriver.Unmount": goObject({ Name: z.string(), ID: z.string() }),
  "VolumeDriver.Path": goObject({ Name: z.string() }),
  "VolumeDriver.Get": goObject({ Name: z.string() }),
  "VolumeDriver.List": goObject({}),
  "VolumeDriver.Capabilities": goObject({}),
} as const;

/** The Accept header of every plugin call. */
export const pluginMediaType = "application/vnd.docker.plugins.v1.2+json";
