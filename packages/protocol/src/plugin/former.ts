import * as z from "zod";
import { goList, goObject } from "../json.ts";
import { pluginDeviceSchema, pluginMountSchema } from "./config.ts";

// Plugins as Docker Engine kept them in its data root: `plugins.json` with `manifest.json` and `plugin-config.json` (1.12,
// experimental), with `config.json` and `plugin-settings.json` (1.13 before its release), and one `config.json` (since).

const text = z.string().default("");

/** What the author's file of either early form has beside the configuration of today: `Linux` was not there yet. */
export const formerConfigSchema = goObject({
  ManifestVersion: text,
  Capabilities: goList(z.string()),
  Devices: goList(pluginDeviceSchema),
});

/** Undefined where the file says nothing: then the author's defaults hold. */
const orDefault = <Item extends z.ZodType>(item: Item) => z.array(item).optional();

/** `plugin-config.json` or `plugin-settings.json`. */
export const formerSettingsSchema = goObject({
  Args: orDefault(z.string()),
  Devices: orDefault(pluginDeviceSchema),
  Env: orDefault(z.string()),
  Mounts: orDefault(pluginMountSchema),
});
export type FormerSettings = z.output<typeof formerSettingsSchema>;

/** Looked at when its form is known. */
const unknownObject = z.record(z.string(), z.unknown()).optional();

/** What `plugins.json` says of one plugin. `Config` is the configuration, or with a `Manifest` the settings. */
export const formerEntrySchema = goObject({
  plugin: goObject({
    Id: text,
    Name: text,
    Tag: text,
    Active: z.boolean().optional(),
    Enabled: z.boolean().optional(),
    Manifest: unknownObject,
    Config: unknownObject,
    Settings: unknownObject,
  }),
});

/** `plugins.json`: entries by ID, each to be looked at by itself. */
export const formerIndexSchema = z.record(z.string(), z.unknown());

/** The `config.json` of an installed plugin since 1.13: the Engine's record of it. */
export const engineRecordSchema = goObject({
  plugin: goObject({
    Id: text,
    Name: text,
    Enabled: z.boolean().default(false),
    PluginReference: text,
    Config: z.record(z.string(), z.unknown()),
    Settings: formerSettingsSchema.optional(),
  }),
});
