import { readFile } from "node:fs/promises";

// https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html

export interface MountEntry {
  /** The kernel's number of the mount. */
  readonly id: number;
  readonly target: string;
  readonly type: string;
  readonly source: string;
  /** The options of the file system itself. */
  readonly options: string;
  /** Of a peer group: what is mounted below appears in its peers too. */
  readonly shared: boolean;
  /** It receives what is mounted below the peer group that it was copied from. */
  readonly slave: boolean;
}

/** The mounts of this process, oldest first, mostly. */
export async function readMountTable(): Promise<readonly MountEntry[]> {
  return parseMountTable(await readFile("/proc/self/mountinfo", "utf8"));
}

export function parseMountTable(text: string): readonly MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    const separator = fields.indexOf("-", 6);
    const [type, source = "", options = ""] = fields.slice(separator + 1);
    const target = fields[4];
    if (separator === -1 || target === undefined || type === undefined) return [];
    const groups = fields.slice(6, separator);
    return [
      {
        id: Number(fields[0]),
        target: unescape(target),
        type,
        source: unescape(source),
        options: unescape(options),
        shared: groups.some((field) => field.startsWith("shared:")),
        slave: groups.some((field) => field.startsWith("master:")),
      },
    ];
  });
}

/** Spaces, tabs, newlines and backslashes stand as `\040` and so on, other bytes as they are. */
const unescape = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export const isAtOrBelow = (path: string, dir: string): boolean => path === dir || path.startsWith(`${dir}/`);

/** The mount points at or below a directory, outermost first; a path mounted over comes as often as it is mounted. */
export const mountsAtOrBelow = (table: readonly MountEntry[], dir: string): readonly string[] =>
  table
    .map(({ target }) => target)
    .filter((path) => isAtOrBelow(path, dir))
    .toSorted((left, right) => left.split("/").length - right.split("/").length);
