import { lstat, readlink } from "node:fs/promises";
import { EngineError, errnoOf } from "../../core/errors.ts";
import type { MountedOver, ResolvedPath } from "../../core/ports/mount-files.ts";
import { isAtOrBelow } from "../../linux/mount-table.ts";

const mostLinks = 40;

/** What a path means to a process whose root is `root`: links are followed inside, and `..` stops at the root. */
export async function resolveInside(
  root: string,
  path: string,
  over?: MountedOver,
): Promise<ResolvedPath | undefined> {
  const pending = path.split("/");
  const resolved: string[] = [];
  let isDirectory = true;
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "" || part === ".") continue;
    if (!isDirectory) return undefined;
    if (part === "..") {
      resolved.pop();
      continue;
    }
    const here = hostPath(root, [...resolved, part], over);
    const stats = await statOrNone(here);
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink()) {
      links += 1;
      if (links > mostLinks) throw new EngineError("invalid", `resolve ${path}: too many links`);
      const target = await readlink(here);
      if (target.startsWith("/")) resolved.length = 0;
      pending.unshift(...target.split("/"));
      continue;
    }
    isDirectory = stats.isDirectory();
    resolved.push(part);
  }
  return { path: hostPath(root, resolved, over), isDirectory, isRoot: resolved.length === 0 };
}

function hostPath(root: string, parts: readonly string[], over: MountedOver | undefined): string {
  const inside = `/${parts.join("/")}`;
  if (over !== undefined && isAtOrBelow(inside, over.destination)) {
    return over.source + inside.slice(over.destination.length);
  }
  if (parts.length === 0) return root;
  return root === "/" ? inside : root + inside;
}

async function statOrNone(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
