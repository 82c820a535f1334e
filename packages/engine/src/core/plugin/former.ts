import {
  describeIssue,
  engineRecordSchema,
  type FormerSettings,
  formerConfigSchema,
  formerEntrySchema,
  formerIndexSchema,
  formerSettingsSchema,
  type PluginConfig,
  type PluginSettings,
} from "@davit/protocol";
import type * as z from "zod";
import { EngineError, messageOf } from "../errors.ts";
import type { FormerPluginFiles } from "../ports/former-plugins.ts";
import { familiarName, parseReference, withDefaultTag } from "../reference.ts";
import { parsePluginConfig } from "./config-blob.ts";
import { initialSettings } from "./settings.ts";

/** What a directory made by hand, or by a Docker Engine, says of its plugin. */
export interface FormerPlugin {
  /** Familiar, with tag. */
  readonly name: string;
  readonly reference: string;
  readonly enabled: boolean;
  readonly config: PluginConfig;
  readonly settings: PluginSettings;
}

/** IDs become names of directories and of containers. */
const idPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const knownManifestVersions: ReadonlySet<string> = new Set(["", "v0", "v0.1"]);

/** The entries of `plugins.json` by ID, none of them looked at yet. */
export function parseFormerIndex(json: string): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(parse("plugins.json", json, formerIndexSchema)));
}

export function requireFormerId(id: string): void {
  if (!idPattern.test(id)) throw invalid("its ID", "expected lower-case letters and digits, 64 at most");
}

/**
 * Reads a plugin in any of the forms that Docker Engine had. `entry` is what `plugins.json` says of it, undefined if nothing; files in the
 * directory win over it, as they did. Kind invalid, naming the file and what is wrong with it.
 */
export function readFormerPlugin(
  id: string,
  entry: Readonly<{ value: unknown }> | undefined,
  files: FormerPluginFiles,
): FormerPlugin {
  requireFormerId(id);
  if (entry === undefined) return readEngineRecord(id, files);
  const { plugin } = check("plugins.json", entry.value, formerEntrySchema);
  requireSameId("plugins.json", id, plugin.Id);
  const name = localName(plugin.Name, plugin.Tag);
  const { config, settings } = readParts(plugin, files);
  return {
    name,
    reference: name,
    enabled: plugin.Active ?? plugin.Enabled ?? false,
    config,
    settings: appliedSettings(config, settings),
  };
}

type Entry = z.output<typeof formerEntrySchema>["plugin"];

function readParts(entry: Entry, files: FormerPluginFiles) {
  const withManifest =
    files.manifest !== undefined || (files.config === undefined && entry.Manifest !== undefined);
  const [authored, set] = withManifest
    ? ([
        ["manifest.json", files.manifest, entry.Manifest],
        ["plugin-config.json", files.pluginConfig, entry.Config],
      ] as const)
    : ([
        ["config.json", files.config, entry.Config],
        ["plugin-settings.json", files.pluginSettings, entry.Settings],
      ] as const);
  const [file, fromFile, fromIndex] = authored;
  const text = fromFile ?? (fromIndex === undefined ? undefined : JSON.stringify(fromIndex));
  if (text === undefined) {
    throw new EngineError("invalid", "there is neither manifest.json nor config.json in its directory");
  }
  const [settingsFile, settingsText, settingsEntry] = set;
  return {
    config: parseFormerConfig(fromFile === undefined ? "plugins.json" : file, text),
    settings:
      settingsText === undefined
        ? check("plugins.json", settingsEntry ?? {}, formerSettingsSchema)
        : parse(settingsFile, settingsText, formerSettingsSchema),
  };
}

/** The form since 1.13: one file that holds everything, without an index. */
function readEngineRecord(id: string, files: FormerPluginFiles): FormerPlugin {
  const { config: text } = files;
  if (text === undefined || !("plugin" in parse("config.json", text, formerIndexSchema))) {
    throw new EngineError("invalid", "plugins.json does not name it");
  }
  const { plugin } = parse("config.json", text, engineRecordSchema);
  requireSameId("config.json", id, plugin.Id);
  const config = parseFormerConfig("config.json", JSON.stringify(plugin.Config));
  return {
    name: localName(plugin.Name, ""),
    reference: plugin.PluginReference === "" ? localName(plugin.Name, "") : plugin.PluginReference,
    enabled: plugin.Enabled,
    config,
    // A mount's setting was written into its configuration, which is what ran.
    settings: appliedSettings(config, { ...plugin.Settings, Mounts: undefined }),
  };
}

function parseFormerConfig(file: string, text: string): PluginConfig {
  const { ManifestVersion, Capabilities, Devices } = parse(file, text, formerConfigSchema);
  if (!knownManifestVersions.has(ManifestVersion)) {
    throw invalid(file, `unknown manifest version ${JSON.stringify(ManifestVersion)}: v0 and v0.1 are known`);
  }
  const { config } = parsePluginConfig(new TextEncoder().encode(text), file);
  return {
    ...config,
    Linux: {
      ...config.Linux,
      Capabilities: [...config.Linux.Capabilities, ...Capabilities],
      Devices: [...config.Linux.Devices, ...Devices],
    },
  };
}

/** The author's defaults, with what was set. Entries that the configuration does not have are left out. */
function appliedSettings(config: PluginConfig, set: FormerSettings): PluginSettings {
  const defaults = initialSettings(config);
  const strange = set.Env?.find((entry) => !/^[^=]+=/.test(entry));
  if (strange !== undefined) {
    throw new EngineError("invalid", `Env: expected NAME=VALUE, got ${JSON.stringify(strange)}`);
  }
  return {
    Args: set.Args ?? defaults.Args,
    Env: set.Env ?? defaults.Env,
    Mounts: defaults.Mounts.map((mount, index) => ({
      ...mount,
      Source: settingOf(set.Mounts, mount.Name, index)?.Source ?? mount.Source,
    })),
    Devices: defaults.Devices.map((device, index) => ({
      ...device,
      Path: settingOf(set.Devices, device.Name, index)?.Path ?? device.Path,
    })),
  };
}

/** Names need not be unique, so the setting in the same place wins over the first of that name. */
function settingOf<Setting extends { readonly Name: string }>(
  settings: readonly Setting[] | undefined,
  name: string,
  index: number,
): Setting | undefined {
  const inPlace = settings?.[index];
  return inPlace?.Name === name ? inPlace : settings?.find((setting) => setting.Name === name);
}

function localName(name: string, tag: string): string {
  try {
    const reference = parseReference(tag === "" || isTagged(name) ? name : `${name}:${tag}`);
    if (reference.digest !== undefined) throw new EngineError("invalid", "a digest is no name");
    return familiarName(withDefaultTag(reference));
  } catch (error) {
    throw invalid("its name", messageOf(error));
  }
}

/** Whether a name brings its tag: a colon before a slash is a port. */
const isTagged = (name: string): boolean => /:[^/]*$/.test(name);

function requireSameId(file: string, id: string, written: string): void {
  if (written !== "" && written !== id) throw invalid(file, `its ID is ${JSON.stringify(written)} there`);
}

function parse<Schema extends z.ZodType>(file: string, text: string, schema: Schema): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(file, messageOf(error));
  }
  return check(file, value, schema);
}

function check<Schema extends z.ZodType>(file: string, value: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(file, describeIssue(result.error));
}

const invalid = (what: string, reason: string): EngineError =>
  new EngineError("invalid", `${what}: ${reason}`);
