import type { ByteStream } from "./byte-stream.ts";

/** A directory that was made by hand, or by a Docker Engine, as it is. */
export interface FormerPluginFiles {
  /** The names of everything in it. */
  readonly entries: readonly string[];
  readonly manifest: string | undefined;
  readonly pluginConfig: string | undefined;
  readonly config: string | undefined;
  readonly pluginSettings: string | undefined;
}

/**
 * Directories of plugins that this engine did not make, in the directory of its own. They are read and never changed. Links
 * are not followed, whatever they point to: errors of kind invalid.
 */
export interface FormerPlugins {
  /** The text of `plugins.json`, undefined if there is none. */
  index(): Promise<string | undefined>;
  /** The names of directories with any of the files, in order. */
  names(): Promise<readonly string[]>;
  /** Whether a directory, or anything else, of this name is somebody's: it holds one of the files, or what could be a root file system. */
  isOccupied(name: string): Promise<boolean>;
  /** Undefined if there is no such directory. */
  read(name: string): Promise<FormerPluginFiles | undefined>;
  /** Its root file system as a tar: links as such, no sockets, nothing that is mounted in it. */
  rootfs(name: string, signal: AbortSignal): ByteStream;
}
