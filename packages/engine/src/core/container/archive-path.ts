/** Go's bits of `os.FileMode` for what a file is. https://pkg.go.dev/io/fs#FileMode */
const typeBits: ReadonlyMap<number, number> = new Map([
  [0o040000, 2 ** 31],
  [0o120000, 2 ** 27],
  [0o060000, 2 ** 26],
  [0o020000, 2 ** 26 + 2 ** 21],
  [0o010000, 2 ** 25],
  [0o140000, 2 ** 24],
]);

/** A `st_mode` as Go's `os.FileMode`. */
export function goFileMode(mode: number): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (typeBits.get(mode & 0o170000) ?? 0) + special + (mode & 0o777);
}

/** What a path for an archive says besides its parts. */
export interface ArchivePath {
  readonly parts: readonly string[];
  /** Where a link at its end leads is meant, not the link. */
  readonly followLast: boolean;
  /** The last part: `.` if the path asks for what is in a directory, `/` for the root. */
  readonly name: string;
}

/** A path in a container as clients give it: absolute or not, it starts at the root. */
export function parseArchivePath(path: string): ArchivePath {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const last = path.slice(path.lastIndexOf("/") + 1);
  return {
    parts,
    followLast: last === "" || last === ".",
    name: last === "." ? "." : (parts.at(-1) ?? "/"),
  };
}

/** Whether the path of an entry leads above the directory that it is unpacked into. */
export function leadsOut(path: string): boolean {
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
