import type { Configuration } from "./configuration.ts";
import { type Option, type OptionName, options } from "./options.ts";

export interface Reload {
  /** What the running daemon goes on with: of `wanted`, the settings that can be taken over. */
  readonly configuration: Configuration;
  /** Keys with a new value. */
  readonly applied: readonly string[];
  /** Keys whose new value waits for the next start. */
  readonly waiting: readonly string[];
}

/** What a running daemon can take over of a configuration that has changed. */
export function planReload(running: Configuration, wanted: Configuration): Reload {
  const names = Object.keys(options).filter((name): name is OptionName => name in running);
  const changed = names.filter((name) => !sameValue(running[name], wanted[name]));
  const canReload = (name: OptionName): boolean => isReloadable(options[name]);
  const kept = changed.filter((name) => !canReload(name));
  const configuration = {
    ...wanted,
    ...Object.fromEntries(kept.map((name) => [name, running[name]])),
  };
  return {
    configuration: Object.freeze(configuration),
    applied: changed.filter(canReload).map((name) => options[name].key),
    waiting: kept.map((name) => options[name].key),
  };
}

/** The settings that SIGHUP can change, as text by key: what a `reload` event tells. */
export function reloadableValues(configuration: Configuration): Readonly<Record<string, string>> {
  const names = Object.keys(options).filter((name): name is OptionName => name in configuration);
  const entries = names
    .filter((name) => isReloadable(options[name]))
    .map((name): [string, string] => {
      const value = configuration[name];
      return [options[name].key, typeof value === "string" ? value : JSON.stringify(value)];
    });
  return Object.fromEntries(entries);
}

const isReloadable = ({ reloads }: Option): boolean => reloads === true;

const sameValue = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
