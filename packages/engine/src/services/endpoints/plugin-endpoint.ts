import type { PluginConnection } from "../../core/ports/plugin-connection.ts";

/** What a plugin can serve, in the words of interface types: `docker.volumedriver/1.0`. */
export type PluginCapability =
  | "volumedriver"
  | "networkdriver"
  | "ipamdriver"
  | "authz"
  | "logdriver"
  | "metricscollector";

/** A plugin that is up and serves what was asked for, wherever it runs. */
export interface PluginEndpoint {
  /** As records keep it: a managed plugin's full name with tag, another's name as it is discovered. */
  readonly name: string;
  /** The file that defines it, if the engine does not manage it. */
  readonly definedBy?: string | undefined;
  /** Another object as soon as its process or its address is another: what was learnt by the old one is void. */
  readonly connection: PluginConnection;
  /** The host's name for a path that the plugin answers, taken by the word. */
  toHostPath(inside: string): string;
  /** What such a path really is on the host, free of links; undefined if there is nothing. Refuses what is not the plugin's to give. */
  toRealPath(inside: string): Promise<string | undefined>;
}

/** Every plugin by name, for whatever uses plugins. */
export interface PluginEndpoints {
  /** The full name that a typed one means; a typed one that means no managed plugin stays as it is. */
  canonicalName(typed: string): string;
  /**
   * The plugin of that name, up and serving the capability. Not-found if there is none, conflict if it is disabled, internal if it
   * serves something else, unavailable if it cannot be reached.
   */
  get(typed: string, capability: PluginCapability, signal?: AbortSignal): Promise<PluginEndpoint>;
  /**
   * The same for requests that cannot go on without it: one that is not there, or does not listen yet, is waited for as long as
   * the operator has set.
   */
  waitFor(typed: string, capability: PluginCapability, signal?: AbortSignal): Promise<PluginEndpoint>;
  /** Names of all that should be able to serve the capability now. */
  names(capability: PluginCapability, signal?: AbortSignal): Promise<readonly string[]>;
}

/** For messages: the plugin, and where to look if it is not what it should be. */
export const describeEndpoint = ({ name, definedBy }: Pick<PluginEndpoint, "name" | "definedBy">): string =>
  definedBy === undefined ? `plugin ${name}` : `plugin ${name} (${definedBy})`;
