import { readFile, writeFile } from "node:fs/promises";
import * as z from "zod";
import { errnoOf } from "../../core/errors.ts";

const schema = z.object({
  bundle: z.string(),
  pid: z.number().int().positive(),
  startTime: z.string(),
});

/** What the next engine must know of a process to adopt it. */
export type ProcessRecord = z.output<typeof schema>;

const path = (dir: string): string => `${dir}/process.json`;

export const writeProcessRecord = (dir: string, record: ProcessRecord): Promise<void> =>
  writeFile(path(dir), JSON.stringify(record), { mode: 0o600 });

/** Undefined if there is none; a torn one (the engine died while writing) counts as none. */
export async function readProcessRecord(dir: string): Promise<ProcessRecord | undefined> {
  const text = await readIfExists(path(dir));
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}
