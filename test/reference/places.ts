import { mkdir, writeFile } from "node:fs/promises";
import {
  busyboxRootfs,
  mustRun,
  type TempDir,
  volumePluginConfig,
  writePluginDir,
  writeVolumePlugin,
} from "@davit/testkit";

/** What `{name}` stands for in the script, besides `{registry}`. */
export type Places = Readonly<Record<string, string>>;

/** Lays out the plugins that the script is about. */
export async function preparePlaces(dir: TempDir): Promise<Places> {
  const hostPlugin = {
    Description: "Asks for much",
    Entrypoint: ["/nothing"],
    Interface: { Types: ["docker.networkdriver/1.0"], Socket: "n.sock" },
    Network: { Type: "host" },
    IpcHost: true,
    PidHost: true,
    Mounts: [
      {
        Name: "data",
        Settable: ["source"],
        Source: "/tmp",
        Destination: "/tmp",
        Type: "bind",
        Options: ["rbind"],
      },
      { Name: "nullmount", Settable: ["source"], Destination: "/x", Type: "bind" },
    ],
    Linux: { AllowAllDevices: true, Devices: [{ Name: "fuse", Settable: ["path"], Path: "/dev/fuse" }] },
  };
  const emptyRootfs = (rootfs: string): Promise<void> => writeFile(`${rootfs}/file`, "");
  await mkdir(dir.join("without-rootfs"), { recursive: true });
  await mkdir(dir.join("broken-config/rootfs"), { recursive: true });
  await mkdir(dir.join("elsewhere"));
  // As a system manager leaves all mounts; unmounted with the directory.
  await mustRun("mount", ["--bind", "--make-shared", dir.join("elsewhere"), dir.join("elsewhere")]);
  await writeFile(dir.join("without-rootfs/config.json"), "{}");
  await writeFile(dir.join("broken-config/config.json"), '{"Entrypoint": 7}');
  await writeFile(dir.join("env"), "# as a file\nFROM_FILE=yes\nOTHER=a b\n");
  await writeFile(dir.join("hello"), "hello from the host\n");
  await writeFile(dir.join("rootfs.tar"), await busyboxRootfs());
  return {
    hex: "0".repeat(64),
    missing: dir.join("missing"),
    elsewhere: dir.join("elsewhere"),
    "env-file": dir.join("env"),
    "hello-file": dir.join("hello"),
    rootfs: dir.join("rootfs.tar"),
    saved: dir.join("saved.tar"),
    "without-rootfs": dir.join("without-rootfs"),
    "broken-config": dir.join("broken-config"),
    plugin: await writeVolumePlugin(dir.join("plugin")),
    "other-plugin": await writeVolumePlugin(
      dir.join("other"),
      { ...volumePluginConfig, Description: "Other" },
      "1",
    ),
    exits: await writeVolumePlugin(
      dir.join("exits"),
      { ...volumePluginConfig, Env: [{ Name: "BEHAVIOUR", Value: "exit" }] },
      "exits",
    ),
    "newer-plugin": await writeVolumePlugin(
      dir.join("newer"),
      {
        ...volumePluginConfig,
        Description: "Newer",
        Env: [...volumePluginConfig.Env, { Name: "NEW", Description: "", Settable: ["value"], Value: "1" }],
      },
      "2",
    ),
    "empty-config": await writePluginDir(dir.join("empty"), {}, emptyRootfs),
    "host-plugin": await writePluginDir(dir.join("host"), hostPlugin, (rootfs) =>
      writeFile(`${rootfs}/host`, ""),
    ),
  };
}
