import type { WrittenChange } from "../ports/snapshots.ts";

/** What the engine itself puts into every root file system before a start, see `Host.prepareRootfs`. */
const prepared: ReadonlySet<string> = new Set([
  "/.dockerenv",
  "/dev",
  "/dev/console",
  "/dev/pts",
  "/dev/shm",
  "/etc",
  "/etc/hostname",
  "/etc/hosts",
  "/etc/mtab",
  "/etc/resolv.conf",
  "/proc",
  "/sys",
]);

const kindNumbers = { modified: 0, added: 1, deleted: 2 } as const;

/**
 * What `GET /containers/{id}/changes` answers: what the container changed, without what the engine did. Directories of the engine's
 * preparation count only for what else changed in them.
 */
export function changesView(changes: readonly WrittenChange[]) {
  const own = new Set(changes.filter(({ path, kind }) => !(prepared.has(path) && kind !== "deleted")));
  const parents = new Set([...own].flatMap(({ path }) => parentsOf(path)));
  return changes
    .filter((change) => own.has(change) || parents.has(change.path))
    .map(({ path, kind }) => ({ Path: path, Kind: kindNumbers[kind] }));
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_part, at) => `/${parts.slice(0, at + 1).join("/")}`);
}
