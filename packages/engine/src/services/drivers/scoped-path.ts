import { EngineError } from "../../core/errors.ts";

export interface PluginPaths {
  readonly rootfs: string;
  readonly propagatedMount: string;
}

/**
 * The host's name for a path inside a plugin: below its propagated mount, or in its root file system. Whole components are
 * compared, and `..` cannot leave either.
 */
export function scopedPath(inside: string, declaredMount: string, paths: PluginPaths): string {
  const clean = cleanAbsolute(inside);
  const mount = declaredMount === "" ? undefined : cleanAbsolute(declaredMount);
  if (mount !== undefined && clean === mount) return paths.propagatedMount;
  if (mount !== undefined && clean.startsWith(`${mount}/`))
    return paths.propagatedMount + clean.slice(mount.length);
  if (clean === "/") {
    throw new EngineError(
      "internal",
      `plugin answered the path ${JSON.stringify(inside)}, which is its whole root`,
    );
  }
  return paths.rootfs + clean;
}

function cleanAbsolute(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
