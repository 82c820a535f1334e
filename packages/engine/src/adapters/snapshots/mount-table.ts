import { readFile } from "node:fs/promises";

export interface MountEntry {
  readonly target: string;
  readonly type: string;
  readonly source: string;
  /** The options of the file system itself. */
  readonly options: string;
}

/** The mounts of this process, oldest first. https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export async function readMounts(): Promise<MountEntry[]> {
  return parseMountinfo(await readFile("/proc/self/mountinfo", "utf8"));
}

export function parseMountinfo(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    const separator = fields.indexOf("-", 6);
    const [type, source = "", options = ""] = fields.slice(separator + 1);
    const target = fields[4];
    if (separator === -1 || target === undefined || type === undefined) return [];
    return [{ target: unescape(target), type, source: unescape(source), options: unescape(options) }];
  });
}

/** Spaces and the like stand as three octal digits. */
const unescape = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

export const isBelow = (path: string, dir: string): boolean => path === dir || path.startsWith(`${dir}/`);
