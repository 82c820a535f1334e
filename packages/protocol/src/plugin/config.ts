import * as z from "zod";
import { goList, goObject } from "../json.ts";
import { interfaceTypeSchema } from "./interface-type.ts";

// The plugin config, media type application/vnd.docker.plugin.v1+json.
// https://docs.docker.com/engine/extend/config/
// Keys stand in the order in which the Engine writes them: the digest of a stored config covers it.

const text = z.string().default("");
const flag = z.boolean().default(false);
const id = z.number().int().min(0).max(0xff_ff_ff_ff).default(0);

const env = goObject({
  Description: text,
  Name: text,
  Settable: goList(z.string()),
  Value: z.string().optional(),
});

export const pluginMountSchema = goObject({
  Description: text,
  Destination: text,
  Name: text,
  Options: goList(z.string()),
  Settable: goList(z.string()),
  Source: z.string().optional(),
  Type: text,
});

export const pluginDeviceSchema = goObject({
  Description: text,
  Name: text,
  Path: z.string().optional(),
  Settable: goList(z.string()),
});

const absent = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => value ?? {}, schema);

export const pluginConfigSchema = goObject({
  Args: absent(
    goObject({ Description: text, Name: text, Settable: goList(z.string()), Value: goList(z.string()) }),
  ),
  Description: text,
  Documentation: text,
  Entrypoint: goList(z.string()),
  Env: goList(env),
  Interface: absent(
    goObject({ ProtocolScheme: z.string().optional(), Socket: text, Types: goList(interfaceTypeSchema) }),
  ),
  IpcHost: flag,
  Linux: absent(
    goObject({
      AllowAllDevices: flag,
      Capabilities: goList(z.string()),
      Devices: goList(pluginDeviceSchema),
    }),
  ),
  Mounts: goList(pluginMountSchema),
  Network: absent(goObject({ Type: text })),
  PidHost: flag,
  PropagatedMount: text,
  User: absent(goObject({ UID: id, GID: id })),
  WorkDir: text,
  rootfs: goObject({ diff_ids: goList(z.string()), type: text }).optional(),
});

/** What its author wrote in `config.json`, canonical keys, absent parts filled in. */
export type PluginConfig = z.output<typeof pluginConfigSchema>;
export type PluginEnv = PluginConfig["Env"][number];
export type PluginMount = PluginConfig["Mounts"][number];
export type PluginDevice = PluginConfig["Linux"]["Devices"][number];

export const pluginSettingsSchema = z.object({
  Args: z.array(z.string()),
  Devices: z.array(pluginDeviceSchema),
  Env: z.array(z.string()),
  Mounts: z.array(pluginMountSchema),
});

/** What the operator may change: `Env` as `NAME=VALUE`, mounts and devices with their present source or path. */
export type PluginSettings = z.output<typeof pluginSettingsSchema>;
