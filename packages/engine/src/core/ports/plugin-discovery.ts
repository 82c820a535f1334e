import type { PluginAddress } from "./plugin-connection.ts";

/** What a file says of a plugin that the engine does not manage. */
export interface PluginDefinition {
  readonly name: string;
  /** The file: a socket, a `.spec` or a `.json`. */
  readonly path: string;
  readonly address: PluginAddress;
  /** Another text as soon as the definition is another, or the socket that it names was made anew. */
  readonly identity: string;
}

/** Told of changes since it was opened. */
export interface DefinitionWatch extends Disposable {
  /** Resolves at the first change since the last one that was told, as soon as there is one. Never rejects. */
  changed(): Promise<void>;
}

/** The files that define plugins which the engine does not manage. */
export interface PluginDiscovery {
  /**
   * The first definition of that name; undefined if there is none. Invalid, naming the file, if that is broken, or if the name cannot
   * be that of a file.
   */
  find(name: string): Promise<PluginDefinition | undefined>;
  /** All names that are defined, however broken, each once. */
  names(): Promise<readonly string[]>;
  /** Watches every place where the plugin may be defined, and its socket. */
  watch(name: string): Promise<DefinitionWatch>;
}
