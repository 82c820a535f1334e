import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unpack } from "../archive/unpack.ts";
import type { Context } from "../context.ts";
import { Failure } from "../failure.ts";
import { archivePath, linkedPath, type PathStat, readPathStat, statPath } from "./archive-stat.ts";
import { meansContent } from "./copy-argument.ts";

interface From {
  readonly container: string;
  readonly path: string;
  /** A local path, or `-` for a tar on standard output. */
  readonly target: string;
}

/** Copies out of a container; returns the size of the archive that came. */
export async function copyFromContainer(
  context: Context,
  { container, path, target }: From,
  flags: { readonly archive: boolean; readonly followLink: boolean },
): Promise<number> {
  const { client, signal, cwd } = context;
  const source = flags.followLink ? await followed(context, container, path) : path;
  const response = await client.send({
    method: "GET",
    path: archivePath(container),
    query: { path: source },
    signal,
  });
  const counted = counting(response);
  if (target === "-") {
    await pipeline(counted.stream, context.out, { end: false, signal });
    return counted.bytes();
  }
  const place = await placeOf(resolve(cwd, target), target, source, readPathStat(response)).catch(
    (error: unknown) => {
      response.destroy();
      throw error;
    },
  );
  await unpack(counted.stream, { ...place, owners: flags.archive });
  return counted.bytes();
}

async function followed(context: Context, container: string, path: string): Promise<string> {
  const found = await statPath(context, container, path);
  return found === undefined || found.linkTarget === "" ? path : linkedPath(path, found.linkTarget);
}

function counting(source: Readable): { readonly stream: Readable; bytes(): number } {
  let total = 0;
  const stream = new PassThrough();
  source.on("data", (chunk: Buffer) => {
    total += chunk.length;
  });
  pipeline(source, stream).catch((error: unknown) =>
    stream.destroy(error instanceof Error ? error : undefined),
  );
  return { stream, bytes: () => total };
}

/** Which directory the archive goes to, and what its root is called there. */
async function placeOf(target: string, typed: string, source: string, what: PathStat) {
  const present = await stat(target).catch(() => undefined);
  const mustBeDirectory = typed.endsWith("/") || typed.endsWith("/.");
  if (present === undefined || !present.isDirectory()) {
    if (present !== undefined && (what.isDirectory || mustBeDirectory)) {
      throw new Failure(what.isDirectory ? "cannot copy directory" : "not a directory");
    }
    if (present === undefined && mustBeDirectory && !what.isDirectory) {
      throw new Failure("no such directory");
    }
    const parent = dirname(target);
    if ((await stat(parent).catch(() => undefined))?.isDirectory() !== true) {
      throw new Failure(`invalid output path: directory "${parent}" does not exist`);
    }
    return { directory: parent, rename: (name: string) => [basename(target), withoutRoot(name)].join("/") };
  }
  const content = meansContent(source);
  return { directory: target, rename: (name: string) => (content ? withoutRoot(name) : name) };
}

/** An archive's entries all lie below one root, which is called `.` if a directory's content was asked for. */
const withoutRoot = (name: string): string => name.replace(/^[^/]*\/?/, "");
