import type { IncomingMessage } from "node:http";
import { dirname, isAbsolute, join } from "node:path/posix";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import type { Context } from "../context.ts";
import { DaemonFailure, Failure } from "../failure.ts";

const statSchema = z.object({ name: z.string(), mode: z.number(), linkTarget: z.string().default("") });

/** What a path in a container is. */
export interface PathStat {
  readonly name: string;
  readonly isDirectory: boolean;
  /** Empty if it is no symbolic link. */
  readonly linkTarget: string;
}

// Go's file modes: https://pkg.go.dev/io/fs#FileMode
const goDirectory = 2 ** 31;
const goSymlink = 2 ** 27;
const has = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1;

export const archivePath = (container: string): string => `${objectPath("container", container)}/archive`;

/** The stat that comes with an archive, in a header. */
export function readPathStat(response: IncomingMessage): PathStat {
  const header = response.headers["x-docker-container-path-stat"];
  try {
    const text = Buffer.from(String(header), "base64").toString("utf8");
    const { name, mode, linkTarget } = statSchema.parse(JSON.parse(text));
    return {
      name,
      isDirectory: has(mode, goDirectory),
      linkTarget: has(mode, goSymlink) ? linkTarget : "",
    };
  } catch (error) {
    throw new Failure("unexpected answer from daemon: unable to decode container path stat header", {
      cause: error,
    });
  }
}

/** Undefined if there is nothing at that path. */
export async function statPath(
  context: Context,
  container: string,
  path: string,
): Promise<PathStat | undefined> {
  try {
    const response = await context.client.send({
      method: "HEAD",
      path: archivePath(container),
      query: { path },
      signal: context.signal,
    });
    response.resume();
    return readPathStat(response);
  } catch (error) {
    if (error instanceof DaemonFailure && error.status === 404) return undefined;
    throw error;
  }
}

/** Where a symbolic link leads. */
export const linkedPath = (path: string, target: string): string =>
  isAbsolute(target) ? target : join(dirname(path), target);
