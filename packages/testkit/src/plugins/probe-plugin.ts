import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestEngine } from "../engine.ts";
import type { AuthoredConfig } from "./plugin-dir.ts";
import { volumePluginConfig, writeVolumePlugin } from "./volume-plugin.ts";

/** The volume plugin that first tells what it finds itself to be. `/etc/hosts` is its own; anybody may write to `/tmp`. */
export async function writeProbePlugin(dir: string, config: AuthoredConfig): Promise<string> {
  const Entrypoint = ["/usr/bin/perl", "/probe.pl"];
  await writeVolumePlugin(dir, { ...volumePluginConfig, Entrypoint, ...config });
  const rootfs = join(dir, "rootfs");
  for (const folder of ["etc", "tmp", "work"]) await mkdir(join(rootfs, folder));
  await Promise.all([
    chmod(join(rootfs, "tmp"), 0o777),
    writeFile(join(rootfs, "etc/hosts"), "192.0.2.1 own\n"),
    copyFile(join(import.meta.dirname, "probe.pl"), join(rootfs, "probe.pl")),
  ]);
  return dir;
}

/** What it told since it was enabled. */
export async function factsOf(engine: TestEngine, plugin: string): Promise<ReadonlyMap<string, string>> {
  const id = await engine.ok(["plugin", "inspect", "--format", "{{.Id}}", plugin]);
  await engine.line(new RegExp(`fact end.*${id}|${id}.*fact end`));
  const log = await readFile(join(engine.dataRoot, "plugins", id, "output.log"), "utf8");
  return new Map([...log.matchAll(/ fact (\S+) (.*)$/gm)].map(([, name = "", value = ""]) => [name, value]));
}
