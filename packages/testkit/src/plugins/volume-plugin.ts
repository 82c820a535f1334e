import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../command.ts";
import { type AuthoredConfig, writePluginDir } from "./plugin-dir.ts";
import { copyInto, copyProgram } from "./rootfs.ts";

const perl = "/usr/bin/perl";

/** Asks for one privilege; every behaviour of `volume-plugin.pl` can be set. */
export const volumePluginConfig = {
  Description: "A volume plugin for tests",
  Documentation: "https://example.org/volume-plugin",
  Interface: { Types: ["docker.volumedriver/1.0"], Socket: "p.sock" },
  Entrypoint: [perl, "/plugin.pl"],
  WorkDir: "/",
  Network: { Type: "" },
  PropagatedMount: "/data",
  Env: [
    { Name: "BEHAVIOUR", Description: "how to behave", Settable: ["value"], Value: "serve" },
    { Name: "ROOT", Description: "where volumes lie", Settable: null, Value: "/data" },
  ],
  Args: { Name: "args", Description: "not read", Settable: ["value"], Value: [] },
  Linux: { Capabilities: ["CAP_SYS_ADMIN"], AllowAllDevices: false, Devices: [] },
  Mounts: [],
} as const;

/**
 * Lays out the small volume plugin (7 MB). Another configuration or another `version` make another plugin of it: the
 * version is a file of its root file system, whose layer then has another digest.
 */
export const writeVolumePlugin = (
  dir: string,
  config: AuthoredConfig = volumePluginConfig,
  version = "",
): Promise<string> =>
  writePluginDir(dir, config, async (rootfs) => {
    const strict = await mustRun(perl, ["-e", 'require strict; print $INC{"strict.pm"}']);
    await mkdir(join(rootfs, "data"));
    await Promise.all([
      copyProgram(rootfs, perl),
      copyInto(rootfs, strict),
      copyFile(join(import.meta.dirname, "volume-plugin.pl"), join(rootfs, "plugin.pl")),
      writeFile(join(rootfs, "version"), version),
    ]);
  });
