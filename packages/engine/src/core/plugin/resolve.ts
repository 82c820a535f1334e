import { EngineError } from "../errors.ts";
import { isFullId } from "../identifiers.ts";
import { familiarName, parseReference, withDefaultTag } from "../reference.ts";
import type { PluginRecord } from "./record.ts";

const notFound = (text: string): EngineError => new EngineError("not-found", `plugin "${text}" not found`);

/**
 * The plugin that a name, a full ID or an unambiguous ID prefix means. A name beats a prefix; what cannot be a
 * reference cannot be a prefix either.
 */
export function resolvePlugin(plugins: readonly PluginRecord[], text: string): PluginRecord {
  if (isFullId(text)) {
    const plugin = plugins.find(({ id }) => id === text);
    if (plugin === undefined) throw notFound(text);
    return plugin;
  }
  const name = localName(text);
  if (name === undefined) throw notFound(text);
  const named = plugins.find((plugin) => plugin.name === name);
  if (named !== undefined) return named;
  const [first, second] = plugins.filter(({ id }) => id.startsWith(text));
  if (second !== undefined) throw new EngineError("invalid", `multiple plugins found for "${text}"`);
  if (first === undefined) throw notFound(text);
  return first;
}

/** The familiar name with tag that a typed name stands for; undefined if it is no name of a local plugin. */
export function localName(text: string): string | undefined {
  try {
    const reference = withDefaultTag(parseReference(text));
    return reference.digest === undefined ? familiarName(reference) : undefined;
  } catch {
    return undefined;
  }
}
