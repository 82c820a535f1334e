import type { SpecDevice } from "../runtime-spec/spec.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A symbolic link in a root file system. */
export interface RootfsLink {
  /** Absolute in it. */
  readonly path: string;
  readonly target: string;
}

/** The machine below the engine: files, mounts and device nodes. Paths are absolute. Errors name the action and the path. */
export interface Host {
  /** Makes a directory with its parents (0755); one that exists gets the mode and, if it is given, the owner. */
  ensureDir(path: string, mode: number, owner?: Owner): Promise<void>;
  /** Removes a file or a directory with all below it; conflict while something is mounted at or below it. Absent is no error. */
  removeTree(path: string): Promise<void>;
  /** Whether there is anything at the path, symbolic links followed. */
  pathExists(path: string): Promise<boolean>;
  /** A text file's content, undefined if it is not there; refuses one of over 1 MiB. */
  readSmallFile(path: string): Promise<string | undefined>;
  /** Replaces a file as a whole: readers see the old content or the new. Permissions are 0644 unless given. */
  writeFile(path: string, text: string, mode?: number): Promise<void>;
  /** Replaces what is in a file, for those who have it mounted: readers may see the change under way. */
  overwriteFile(path: string, text: string): Promise<void>;
  /**
   * The device node at a path, under that path even if it leads there through symbolic links; for a directory all nodes below it. Kind
   * internal if there is none: `error gathering device information while adding custom device "P": reason`.
   */
  deviceNodes(path: string): Promise<readonly SpecDevice[]>;
  /** Makes a directory a mount point whose later mounts are seen on both sides; one that is shared already stays as it is. */
  makeSharedMount(dir: string): Promise<void>;
  /** Unmounts a directory and everything below it, detaching what is busy; nothing mounted is no error. */
  unmountBelow(dir: string): Promise<void>;
  /** The mount points at or below a directory, outermost first. */
  mountsBelow(dir: string): Promise<readonly string[]>;
  /**
   * Gives a root file system the files that the engine mounts over and programs expect: `/proc`, `/etc/hosts`, `/.dockerenv` and
   * so on, and symbolic links of the caller's. Nothing outside of it is touched, whatever symbolic links it holds. Regular files
   * that are there stay, unless a link takes their place.
   */
  prepareRootfs(rootfs: string, links?: readonly RootfsLink[]): Promise<void>;
  /** Host paths to hide besides the default ones, as `PluginHost.extraMaskedPaths` wants them. */
  thermalThrottlePaths(): Promise<readonly string[]>;
}
