import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A plugin's `config.json` as its author writes it; any JSON, because tests also write wrong ones. */
export type AuthoredConfig = Readonly<Record<string, unknown>>;

/** Lays out what `docker plugin create` takes: `config.json` and `rootfs`, filled by the caller's function. */
export async function writePluginDir(
  dir: string,
  config: AuthoredConfig,
  fill: (rootfs: string) => Promise<void>,
): Promise<string> {
  const rootfs = join(dir, "rootfs");
  await mkdir(rootfs, { recursive: true });
  await Promise.all([writeFile(join(dir, "config.json"), JSON.stringify(config)), fill(rootfs)]);
  return dir;
}
