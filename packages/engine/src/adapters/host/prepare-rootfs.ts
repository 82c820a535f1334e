import type { Stats } from "node:fs";
import { closeSync, lstatSync, mkdirSync, openSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { EngineError } from "../../core/errors.ts";
import type { RootfsLink } from "../../core/ports/host.ts";

const directories = ["/dev/pts", "/dev/shm", "/proc", "/sys"];
const files = ["/.dockerenv", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/dev/console"];

/**
 * See `Host.prepareRootfs`. Synchronous on purpose: some thirty calls of a few microseconds, on the way of every start, which would take
 * milliseconds one after another through the thread pool. Nothing else writes to the root file system meanwhile.
 */
export function prepareRootfs(rootfs: string, links: readonly RootfsLink[]): void {
  for (const path of directories) resolveDirectory(rootfs, path.slice(1).split("/"));
  for (const path of files) ensureFile(inRootfs(rootfs, path));
  ensureMountTableLink(inRootfs(rootfs, "/etc/mtab"));
  for (const { path, target } of links) ensureLink(inRootfs(rootfs, path), target);
}

function inRootfs(rootfs: string, path: string): string {
  const parts = path.slice(1).split("/");
  const name = parts.pop() ?? "";
  return `${resolveDirectory(rootfs, parts)}/${name}`;
}

/** A link here would lead the mount over it elsewhere, so it gives way; a file of the author's own stays. */
function ensureFile(path: string): void {
  const stats = statOrNone(path);
  if (stats?.isSymbolicLink()) unlinkSync(path);
  else if (stats !== undefined) return;
  closeSync(openSync(path, "wx", 0o755));
}

function ensureMountTableLink(path: string): void {
  const stats = statOrNone(path);
  if (stats?.isSymbolicLink() || stats?.isDirectory()) return;
  if (stats !== undefined) unlinkSync(path);
  symlinkSync("/proc/mounts", path);
}

function ensureLink(path: string, target: string): void {
  const stats = statOrNone(path);
  if (stats?.isSymbolicLink() && readlinkSync(path) === target) return;
  if (stats !== undefined) unlinkSync(path);
  symlinkSync(target, path);
}

/**
 * The real path of a directory of the root file system, made if it is missing. Links are followed as a process
 * inside would: absolute ones start at the root, and `..` stops there.
 */
function resolveDirectory(rootfs: string, parts: readonly string[]): string {
  const pending = [...parts];
  const resolved: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      resolved.pop();
      continue;
    }
    const path = [rootfs, ...resolved, part].join("/");
    const stats = statOrNone(path);
    if (stats?.isSymbolicLink()) {
      links += 1;
      if (links > 40) throw new EngineError("invalid", `prepare rootfs: /${parts.join("/")}: too many links`);
      const target = readlinkSync(path);
      if (target.startsWith("/")) resolved.length = 0;
      pending.unshift(...target.split("/"));
      continue;
    }
    if (stats !== undefined && !stats.isDirectory()) unlinkSync(path);
    if (!stats?.isDirectory()) mkdirSync(path, { mode: 0o755 });
    resolved.push(part);
  }
  return [rootfs, ...resolved].join("/");
}

const statOrNone = (path: string): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });
