import { lstat, readdir } from "node:fs/promises";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { MeasureTree } from "../../core/ports/measure-tree.ts";

/**
 * Directory by directory, so that neither a large tree nor a slow disk holds up anything else. What vanishes meanwhile
 * does not count.
 */
export const measureTree: MeasureTree = async (path, signal) => {
  const root = await stats(path);
  if (root === undefined) return 0;
  const seen = new Set<bigint>();
  const directories = [path];
  let total = 0n;
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const name of await names(directory)) {
      if (signal.aborted) {
        throw new EngineError("canceled", `measure ${path}: canceled`, { cause: signal.reason });
      }
      const found = await stats(`${directory}/${name}`);
      if (found === undefined || found.dev !== root.dev) continue;
      if (found.isDirectory()) directories.push(`${directory}/${name}`);
      else if (found.nlink === 1n) total += found.size;
      else if (!seen.has(found.ino)) {
        seen.add(found.ino);
        total += found.size;
      }
    }
  }
  return Number(total);
};

async function stats(path: string) {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    return absent(path, error);
  }
}

async function names(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    return absent(directory, error) ?? [];
  }
}

function absent(path: string, error: unknown): undefined {
  if (errnoOf(error) === "ENOENT") return undefined;
  throw new EngineError("internal", `measure ${path}: ${messageOf(error)}`, { cause: error });
}
