import type { ByteStream } from "./byte-stream.ts";
import type { Owner } from "./host.ts";

/** What a container sees as its files, of directories of the host. Paths are absolute. */
export interface FileView {
  /** On the host: the root file system. */
  readonly rootfs: string;
  readonly readOnly: boolean;
  /**
   * Of a container that runs: its root as its process has it. What is laid over the root is found there, whatever has become of the
   * sources meanwhile; `ProcessGone` if it has ended, conflict if it has another root by now.
   */
  readonly processRoot?: string | undefined;
  /** What is laid over it. */
  readonly mounts: readonly {
    /** In the container. */
    readonly destination: string;
    /** On the host, where nobody else can put another; a directory or a file. */
    readonly source: string;
    readonly readOnly: boolean;
  }[];
}

export interface PathStat {
  /** The last part of the path that was asked for. */
  readonly name: string;
  readonly sizeBytes: number;
  /** As Go's `os.FileMode`. */
  readonly mode: number;
  /** RFC 3339 with nanoseconds. */
  readonly modifiedAt: string;
  /** Where a symbolic link leads in the end, by a path in the container; empty for anything else. */
  readonly linkTarget: string;
}

export interface UnpackOptions {
  /** Refuse to put a directory in the place of something else, or the other way round. */
  readonly keepKinds: boolean;
  /** Whose the files become; those of the archive if it is absent. */
  readonly owner?: Owner | undefined;
  readonly signal: AbortSignal;
}

/**
 * Files of containers, running or not. Symbolic links lead where they lead inside the container: nothing outside of the
 * view is read, written or opened, whatever a running container does to its files meanwhile. A path that ends in `/` or
 * `/.` means where a link leads. Not-found if there is nothing at the path.
 */
export interface ContainerFiles {
  stat(view: FileView, path: string): Promise<PathStat>;
  /** A tar archive of what is at the path, named after the path's last part; made while it is read. */
  pack(
    view: FileView,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly stat: PathStat; readonly archive: ByteStream }>;
  /** A tar archive of the whole view, without a directory around it. */
  packAll(view: FileView, signal: AbortSignal): Promise<ByteStream>;
  /** Unpacks a tar archive, which may be compressed with gzip, into a directory. */
  unpack(view: FileView, path: string, archive: ByteStream, options: UnpackOptions): Promise<void>;
  /** The text of a regular file of at most 1 MiB; undefined if there is none. */
  readText(view: FileView, path: string): Promise<string | undefined>;
}
