import { chmod, mkdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { ConfigFile } from "./config-file.ts";

/** Replaces the file as a whole; only its owner may read it. A symbolic link stays one. */
export async function saveConfigFile(path: string, config: ConfigFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const target = await realpath(path).catch(() => path);
  const staged = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(staged, `${JSON.stringify(config, null, "\t")}\n`, { mode: 0o600 });
    await chmod(staged, 0o600);
    await rename(staged, target);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
}
