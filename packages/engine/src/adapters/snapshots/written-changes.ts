import type { BigIntStats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { errnoOf } from "../../core/errors.ts";
import type { WrittenChange } from "../../core/ports/snapshots.ts";

/** A directory at one path: what was written there, and the layers' below it, top first. */
interface Level {
  readonly path: string;
  readonly upper: Buffer;
  readonly lowers: readonly Buffer[];
}

/**
 * What is in a writable directory as against the layers below it. Links are never followed, and a layer counts only as far
 * down as nothing above it hides it.
 */
export async function writtenChanges(
  upper: string,
  lowers: readonly string[],
): Promise<readonly WrittenChange[]> {
  const found: WrittenChange[] = [];
  const level = { path: "", upper: Buffer.from(upper), lowers: lowers.map((lower) => Buffer.from(lower)) };
  await compare(level, found);
  return found;
}

/** Whether anything changed; a directory stands before what is in it. */
async function compare(level: Level, found: WrittenChange[]): Promise<boolean> {
  let any = false;
  for (const name of await namesIn(level.upper)) {
    if (await compareEntry(level, name, found)) any = true;
  }
  return any;
}

async function compareEntry(level: Level, name: Buffer, found: WrittenChange[]): Promise<boolean> {
  const path = `${level.path}/${name.toString("utf8")}`;
  const upper = join(level.upper, name);
  const stats = await lstatOrNone(upper);
  if (stats === undefined) return false;
  const lowers = await visible(level.lowers, name);
  const before = lowers[0]?.stats;
  if (isWhiteout(stats)) {
    if (before !== undefined) found.push({ path, kind: "deleted" });
    return before !== undefined;
  }
  const at = found.length;
  const wasDirectory = before?.isDirectory() === true;
  const inner =
    stats.isDirectory() &&
    (await compare({ path, upper, lowers: wasDirectory ? lowers.map((lower) => lower.path) : [] }, found));
  const isSame = wasDirectory && stats.isDirectory() && isSameDirectory(stats, before);
  if (isSame && !inner) return false;
  found.splice(at, 0, { path, kind: before === undefined ? "added" : "modified" });
  return true;
}

/** Copied up only because something in it was written. */
const isSameDirectory = (one: BigIntStats, other: BigIntStats): boolean =>
  one.mode === other.mode && one.uid === other.uid && one.gid === other.gid && one.mtimeNs === other.mtimeNs;

interface Visible {
  readonly path: Buffer;
  readonly stats: BigIntStats;
}

/** The uppermost entry of a name in the layers, and if it is a directory the others that are merged with it. */
async function visible(lowers: readonly Buffer[], name: Buffer): Promise<readonly Visible[]> {
  const merged: Visible[] = [];
  for (const lower of lowers) {
    const path = join(lower, name);
    const stats = await lstatOrNone(path);
    if (stats === undefined) continue;
    if (isWhiteout(stats)) break;
    if (merged.length > 0 && !stats.isDirectory()) break;
    merged.push({ path, stats });
    if (!stats.isDirectory()) break;
  }
  return merged;
}

const isWhiteout = (stats: BigIntStats): boolean => stats.isCharacterDevice() && stats.rdev === 0n;

const join = (dir: Buffer, name: Buffer): Buffer => Buffer.concat([dir, Buffer.from("/"), name]);

async function namesIn(dir: Buffer): Promise<readonly Buffer[]> {
  try {
    return (await readdir(dir, "buffer")).toSorted((left, right) => left.compare(right));
  } catch (error) {
    // Removed, or not written to yet.
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

async function lstatOrNone(path: Buffer): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
