import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ApiRequest } from "./client/engine-client.ts";
import { text } from "./command-line/flag.ts";
import type { Context } from "./context.ts";
import { Failure } from "./failure.ts";

export const outputFlag = () => text("Write to a file, instead of STDOUT", { short: "o" });

/** Writes what the daemon answers to a file, or to standard output if there is no path. */
export async function saveAnswer(
  context: Context,
  output: string,
  request: Pick<ApiRequest, "path" | "query">,
): Promise<undefined> {
  await checkOutput(context, output);
  const archive = await context.client.send({ method: "GET", ...request, signal: context.signal });
  await saveStream(context, archive, output);
}

/** Refuses to flood a terminal, or to write where there is no directory, before anything is asked of the daemon. */
async function checkOutput(context: Context, path: string): Promise<void> {
  if (path === "") {
    if (context.out.isTTY !== true) return;
    throw new Failure("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  const directory = resolve(context.cwd, path, "..");
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new Failure(`failed to save: invalid output path: directory "${directory}" does not exist`);
  }
}

/** Writes a file as a whole, or nothing at all; without a path to standard output. */
async function saveStream(context: Context, source: Readable, path: string): Promise<void> {
  const { signal } = context;
  if (path === "") {
    await pipeline(source, context.out, { end: false, signal });
    return;
  }
  const target = resolve(context.cwd, path);
  if ((await stat(target).catch(() => undefined))?.isFile() === false) {
    // A device or a FIFO cannot be replaced.
    await pipeline(source, createWriteStream(target), { signal });
    return;
  }
  const staged = `${target}.${process.pid}.tmp`;
  try {
    await pipeline(source, createWriteStream(staged, { mode: 0o600 }), { signal });
    await rename(staged, target);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
}
