import { readFile } from "node:fs/promises";

// https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html

export interface MountEntry {
  readonly path: string;
  /** Of a peer group: what is mounted below appears in its peers too. */
  readonly shared: boolean;
}

/** The mounts of this process, in the order in which they were made, mostly. */
export async function readMountTable(): Promise<readonly MountEntry[]> {
  return parseMountTable(await readFile("/proc/self/mountinfo", "utf8"));
}

export function parseMountTable(text: string): readonly MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    const path = fields[4];
    if (path === undefined) return [];
    const end = fields.indexOf("-", 6);
    const shared = fields.slice(6, end).some((field) => field.startsWith("shared:"));
    return [{ path: unescape(path), shared }];
  });
}

/** Spaces, tabs, newlines and backslashes stand as `\040` and so on, other bytes as they are. */
const unescape = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** The mount points at or below a directory, outermost first; a path mounted over comes as often as it is mounted. */
export const mountsAtOrBelow = (table: readonly MountEntry[], dir: string): readonly string[] =>
  table
    .map((entry) => entry.path)
    .filter((path) => path === dir || path.startsWith(`${dir}/`))
    .toSorted((left, right) => left.split("/").length - right.split("/").length);
