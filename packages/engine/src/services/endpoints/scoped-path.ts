import { EngineError } from "../../core/errors.ts";
import type { MountFiles } from "../../core/ports/mount-files.ts";

export interface PluginPaths {
  readonly rootfs: string;
  readonly propagatedMount: string;
}

export interface ScopedPath {
  /** For errors. */
  readonly plugin: string;
  readonly inside: string;
  /** Empty if it declares none. */
  readonly declaredMount: string;
  readonly paths: PluginPaths;
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

/**
 * As `scopedPath`, with links followed as the plugin's own processes would: whatever it links to, the answer lies in its root
 * or its propagated mount, and has no link in it. Undefined if there is nothing.
 */
export async function realScopedPath(
  mountFiles: Pick<MountFiles, "resolveInside">,
  { plugin, inside, declaredMount, paths }: ScopedPath,
): Promise<string | undefined> {
  const over =
    declaredMount === ""
      ? undefined
      : { destination: cleanAbsolute(declaredMount), source: paths.propagatedMount };
  const answered = `plugin ${plugin} answered the path ${JSON.stringify(inside)}`;
  // Steps back are taken by the word, as they are where the path is only told.
  const found = await mountFiles.resolveInside(paths.rootfs, cleanAbsolute(inside), over);
  if (found?.isRoot === true) {
    throw new EngineError(
      "internal",
      `${answered}, which leads outside of its volumes: it is its whole root`,
    );
  }
  return found?.path;
}

function cleanAbsolute(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
