import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Context } from "../context.ts";
import { Failure, messageOf } from "../failure.ts";
import { environmentEntry, parseKeyValueFile } from "../options/key-value.ts";

/** The files' entries, then those of the command line, which win. */
export async function readEnvironment(
  context: Context,
  entries: readonly string[],
  files: readonly string[],
): Promise<string[]> {
  const fromFiles = await readEach(context, files, (name) => context.env[name]);
  return [...fromFiles, ...entries.map((entry) => environmentEntry(entry, context.env))];
}

export async function readLabels(
  context: Context,
  labels: readonly string[],
  files: readonly string[],
): Promise<string[]> {
  return [...(await readEach(context, files, undefined)), ...labels];
}

async function readEach(
  context: Context,
  files: readonly string[],
  lookUp: ((name: string) => string | undefined) | undefined,
): Promise<string[]> {
  const entries: string[] = [];
  for (const file of files) {
    try {
      entries.push(...parseKeyValueFile(await readFile(resolve(context.cwd, file), "utf8"), file, lookUp));
    } catch (error) {
      throw new Failure(`davit: ${messageOf(error)}`, { exitCode: 125, cause: error });
    }
  }
  return entries;
}
