import { lstat, realpath, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import * as posix from "node:path/posix";
import type { Readable } from "node:stream";
import { packDirectory, packPath } from "../archive/pack-directory.ts";
import type { Context } from "../context.ts";
import { errnoOf, Failure, messageOf } from "../failure.ts";
import { archivePath, linkedPath, statPath } from "./archive-stat.ts";
import { meansContent } from "./copy-argument.ts";

interface To {
  readonly container: string;
  readonly path: string;
  /** A local path, or `-` for a tar from standard input. */
  readonly source: string;
}

/** Copies into a container; returns the size of the archive that was sent. */
export async function copyToContainer(
  context: Context,
  { container, path, source }: To,
  flags: { readonly archive: boolean; readonly followLink: boolean },
): Promise<number> {
  const target = await destination(context, container, path);
  const { directory, body } =
    source === "-"
      ? await standardInput(context, container, path, target)
      : await packed(context, source, path, target, flags.followLink);
  let bytes = 0;
  body.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  body.pause();
  await context.client.run({
    method: "PUT",
    path: archivePath(container),
    query: {
      path: directory,
      // A directory must not take a file's place, nor a file a directory's.
      noOverwriteDirNonDir: "true",
      copyUIDGID: flags.archive ? "true" : undefined,
    },
    headers: { "Content-Type": "application/x-tar" },
    body,
    signal: context.signal,
  });
  return bytes;
}

interface Destination {
  /** Links followed. */
  readonly path: string;
  readonly kind: "directory" | "other" | "missing";
}

async function destination(context: Context, container: string, typed: string): Promise<Destination> {
  let path = posix.isAbsolute(typed) ? typed : `/${typed}`;
  let found = await statPath(context, container, path);
  if (found !== undefined && found.linkTarget !== "") {
    path = linkedPath(path, found.linkTarget);
    found = await statPath(context, container, path);
  }
  return { path, kind: found === undefined ? "missing" : found.isDirectory ? "directory" : "other" };
}

async function standardInput(context: Context, container: string, typed: string, target: Destination) {
  if (target.kind !== "directory") {
    throw new Failure(`destination "${container}:${typed}" must be a directory`);
  }
  return { directory: target.path, body: context.stdin };
}

async function packed(
  context: Context,
  source: string,
  typed: string,
  target: Destination,
  followLink: boolean,
): Promise<{ readonly directory: string; readonly body: Readable }> {
  const local = await localSource(resolve(context.cwd, source), source, followLink);
  const content = meansContent(source);
  if (target.kind === "directory") {
    const body = content
      ? packDirectory(local.path)
      : packPath(local.path, basename(resolve(context.cwd, source)));
    return { directory: target.path, body };
  }
  if (target.kind === "other" && local.isDirectory) throw new Failure("cannot copy directory");
  if (target.kind === "missing" && typed.endsWith("/") && !local.isDirectory) {
    throw new Failure("no such directory");
  }
  // The parent must be there: the daemon says so if it is not.
  const plain = target.path.replace(/\/+$/, "");
  return { directory: posix.dirname(plain), body: packPath(local.path, posix.basename(plain)) };
}

async function localSource(path: string, typed: string, followLink: boolean) {
  try {
    const real = followLink || typed.endsWith("/") || typed.endsWith("/.") ? await realpath(path) : path;
    const stats = real === path ? await lstat(real) : await stat(real);
    if (typed.endsWith("/") && !stats.isDirectory()) throw new Failure("not a directory");
    return { path: real, isDirectory: stats.isDirectory() };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const reason = errnoOf(error) === "ENOENT" ? "no such file or directory" : messageOf(error);
    throw new Failure(`lstat ${path}: ${reason}`, { cause: error });
  }
}
