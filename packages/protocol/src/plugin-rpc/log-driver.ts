import * as z from "zod";
import { goList, goObject, goStringMap } from "../json.ts";

// https://docs.docker.com/engine/extend/plugins_logging/

const err = z.string().default("");
const text = z.string().default("");
/** RFC 3339; year 1 for none. */
const time = z.string().default("0001-01-01T00:00:00Z");

export const logDriverResponses = {
  "LogDriver.Capabilities": goObject({
    Cap: goObject({ ReadLogs: z.boolean().default(false) }).optional(),
    Err: err,
  }),
  "LogDriver.StartLogging": goObject({ Err: err }),
  "LogDriver.StopLogging": goObject({ Err: err }),
} as const;

const info = goObject({
  Config: goStringMap,
  ContainerID: text,
  ContainerName: text,
  ContainerEntrypoint: text,
  ContainerArgs: goList(z.string()),
  ContainerImageID: text,
  ContainerImageName: text,
  ContainerCreated: time,
  ContainerEnv: goList(z.string()),
  ContainerLabels: goStringMap,
  LogPath: text,
  DaemonName: text,
});
export type LogInfo = z.output<typeof info>;

export const logDriverRequests = {
  "LogDriver.Capabilities": goObject({}),
  "LogDriver.StartLogging": goObject({ File: z.string(), Info: info }),
  "LogDriver.StopLogging": goObject({ File: z.string() }),
  "LogDriver.ReadLogs": goObject({
    Info: info,
    Config: goObject({
      Since: time,
      Until: time,
      Tail: z.number().int().default(-1),
      Follow: z.boolean().default(false),
    }),
  }),
} as const;
