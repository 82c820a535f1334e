export interface MountedOver {
  /** Absolute, in the root, without links. */
  readonly destination: string;
  /** The host's path. */
  readonly source: string;
}

export interface ResolvedPath {
  readonly path: string;
  readonly isDirectory: boolean;
  /** It is the whole root. */
  readonly isRoot: boolean;
}

/** What is mounted into containers, prepared on the host where nothing inside can lead the engine astray. Paths are absolute. */
export interface MountFiles {
  /**
   * What a path inside a root is on the host, links followed as a process inside would; undefined if there is nothing. `over` is
   * what such a process finds mounted over a part of the root.
   */
  resolveInside(root: string, path: string, over?: MountedOver): Promise<ResolvedPath | undefined>;
  /**
   * Copies a directory with its attributes (owners, modes, times, extended attributes, links) onto an empty directory; one that is not
   * empty stays as it is.
   */
  copyIntoEmpty(source: string, target: string): Promise<void>;
  /** Mounts a memory file system of a size on a directory, which is made if it is missing; one that is there stays. */
  mountMemory(dir: string, sizeBytes: number): Promise<void>;
  /** Of the mount that a path lies on: where it is, and whether mounts are passed on to its copies, or received from its original. */
  propagation(
    path: string,
  ): Promise<{ readonly mountPoint: string; readonly shared: boolean; readonly slave: boolean }>;
  /** Mounts a part of a root at `target`, whatever somebody puts in its place meanwhile. Not-found if it is not there. */
  bindInside(root: string, path: string, target: string): Promise<void>;
  /**
   * Mounts a path and everything mounted below it at `target`, now and later; invalid if a link has been put on the way to it
   * since it was resolved. What is unmounted below `target` stays mounted below the path.
   */
  bindResolved(path: string, target: string): Promise<void>;
}
