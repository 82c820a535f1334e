import type { PluginConfig, PluginSettings } from "@davit/protocol";
import { EngineError } from "../errors.ts";

/** The settings that a plugin starts with: its author's defaults. */
export function initialSettings(config: PluginConfig): PluginSettings {
  return {
    Args: [...config.Args.Value],
    Devices: config.Linux.Devices.map((device) => ({ ...device })),
    Env: config.Env.flatMap(({ Name, Value }) => (Value === undefined ? [] : [`${Name}=${Value}`])),
    Mounts: config.Mounts.map((mount) => ({ ...mount })),
  };
}

/**
 * The settings after an upgrade: the operator's values are kept for every name that the new version still has, what is new
 * comes with its default, what is gone goes.
 */
export function upgradedSettings(
  before: { readonly config: PluginConfig; readonly settings: PluginSettings },
  config: PluginConfig,
): PluginSettings {
  const defaults = initialSettings(config);
  const oldDefaults = initialSettings(before.config);
  const changedEnv = new Map(
    before.settings.Env.filter((entry) => !oldDefaults.Env.includes(entry)).map((entry) => [
      envName(entry),
      entry,
    ]),
  );
  const names = new Set(config.Env.map(({ Name }) => Name));
  const env = defaults.Env.map((entry) => changedEnv.get(envName(entry)) ?? entry);
  const present = new Set(env.map(envName));
  for (const [name, entry] of changedEnv) if (names.has(name) && !present.has(name)) env.push(entry);
  const argsChanged = !sameList(before.settings.Args, oldDefaults.Args);
  return {
    Args: argsChanged ? before.settings.Args : defaults.Args,
    Env: env,
    Mounts: defaults.Mounts.map((mount) => {
      const old = changedEntry(before.settings.Mounts, oldDefaults.Mounts, mount.Name, "Source");
      return old === undefined ? mount : { ...mount, Source: old };
    }),
    Devices: defaults.Devices.map((device) => {
      const old = changedEntry(before.settings.Devices, oldDefaults.Devices, device.Name, "Path");
      return old === undefined ? device : { ...device, Path: old };
    }),
  };
}

const envName = (entry: string): string => entry.slice(0, entry.indexOf("="));

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);

function changedEntry<Field extends "Source" | "Path">(
  now: readonly ({ readonly Name: string } & { readonly [key in Field]?: string | undefined })[],
  defaults: readonly ({ readonly Name: string } & { readonly [key in Field]?: string | undefined })[],
  name: string,
  field: Field,
): string | undefined {
  if (name === "") return undefined;
  const value = now.find((entry) => entry.Name === name)?.[field];
  const original = defaults.find((entry) => entry.Name === name)?.[field];
  return value === original ? undefined : value;
}

/** One assignment as typed: `NAME[.FIELD][=VALUE]`. */
interface Assignment {
  readonly name: string;
  readonly field: string;
  readonly value: string;
}

/** Splits at the first `=`, then what stands before it at its last dot. */
export function parseAssignment(text: string): Assignment {
  const equals = text.indexOf("=");
  const target = equals === -1 ? text : text.slice(0, equals);
  const value = equals === -1 ? "" : text.slice(equals + 1);
  if (equals === 0) {
    throw new EngineError("invalid", "invalid format, must be <name>[.<field>][=<value>]");
  }
  const dot = target.lastIndexOf(".");
  return dot > 0
    ? { name: target.slice(0, dot), field: target.slice(dot + 1), value }
    : { name: target, field: "", value };
}

/** Applies all assignments, or none: a new settings object, or the error of the first that cannot be made. */
export function changeSettings(
  config: PluginConfig,
  settings: PluginSettings,
  assignments: readonly string[],
): PluginSettings {
  return assignments.map(parseAssignment).reduce((now, change) => applyOne(config, now, change), settings);
}

function applyOne(config: PluginConfig, settings: PluginSettings, change: Assignment): PluginSettings {
  const { name, value } = change;
  const env = config.Env.find(({ Name }) => Name === name);
  if (env !== undefined) {
    requireSettable(change, env.Settable, "value");
    return { ...settings, Env: withEnv(settings.Env, name, value) };
  }
  const mount = config.Mounts.find(({ Name }) => Name === name);
  if (mount !== undefined) {
    requireSettable(change, mount.Settable, "source");
    if (mount.Source === undefined) throw new EngineError("invalid", "Plugin config has no mount source");
    return {
      ...settings,
      Mounts: settings.Mounts.map((m) => (m.Name === name ? { ...m, Source: value } : m)),
    };
  }
  const device = config.Linux.Devices.find(({ Name }) => Name === name);
  if (device !== undefined) {
    requireSettable(change, device.Settable, "path");
    if (device.Path === undefined) throw new EngineError("invalid", "Plugin config has no device path");
    return {
      ...settings,
      Devices: settings.Devices.map((d) => (d.Name === name ? { ...d, Path: value } : d)),
    };
  }
  if (config.Args.Name === name) {
    requireSettable(change, config.Args.Settable, "value");
    return { ...settings, Args: splitWords(value) };
  }
  throw new EngineError("invalid", `setting "${name}" not found in the plugin configuration`);
}

function requireSettable({ name, field }: Assignment, settable: readonly string[], allowed: string): void {
  if (field === "" && settable.length > 1) {
    throw new EngineError("invalid", "multiple fields are settable, one must be specified");
  }
  const chosen = field === "" ? settable[0] : field;
  if (chosen !== allowed || !settable.includes(allowed)) {
    const target = field === "" ? name : `${name}.${field}`;
    throw new EngineError("invalid", `"${target}" is not settable`);
  }
}

function withEnv(env: readonly string[], name: string, value: string): string[] {
  const entry = `${name}=${value}`;
  const found = env.some((item) => envName(item) === name);
  return found ? env.map((item) => (envName(item) === name ? entry : item)) : [...env, entry];
}

/**
 * Splits arguments at white space; quotes and backslashes keep what they enclose together, as in a POSIX shell.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [token, single, double, escaped, plain] of text.matchAll(
    /'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|([^\s'"\\]+)|\s+|['"\\]/gsu,
  )) {
    const part = single ?? double?.replace(/\\(["\\$`])/gu, "$1") ?? escaped ?? plain;
    if (part !== undefined) word = (word ?? "") + part;
    else if (/^\s/u.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      throw new EngineError(
        "invalid",
        `unbalanced ${token === "\\" ? "backslash" : "quote"} in arguments: ${text}`,
      );
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
