import { lstat, readlink } from "node:fs/promises";
import { EngineError, errnoOf } from "../../core/errors.ts";

const mostLinks = 40;

/** What a path means to a process whose root is `root`: links are followed inside, and `..` stops at the root. */
export async function resolveInside(
  root: string,
  path: string,
): Promise<{ readonly path: string; readonly isDirectory: boolean } | undefined> {
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
    const here = [root, ...resolved, part].join("/");
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
  return { path: [root, ...resolved].join("/"), isDirectory };
}

async function statOrNone(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
