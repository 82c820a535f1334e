import { mkdir, readFile, symlink } from "node:fs/promises";
import { mustRun } from "./command.ts";
import { findPeer, peerEnvironment } from "./peers.ts";
import { copyInto } from "./plugins/rootfs.ts";
import { TempDir } from "./temp-dir.ts";

/** A root file system of the static busybox, as a tar for `docker import -`. */
export async function busyboxRootfs(): Promise<Uint8Array> {
  await using dir = await TempDir.create("bb");
  const busybox = findPeer("busybox");
  for (const folder of ["root/bin", "root/tmp", "root/etc"])
    await mkdir(dir.join(folder), { recursive: true });
  await copyInto(dir.join("root"), busybox, "/bin/busybox");
  const applets = (await mustRun(busybox, ["--list"], { env: peerEnvironment() }))
    .split("\n")
    .filter(Boolean);
  for (const applet of applets) {
    if (applet !== "busybox") await symlink("busybox", dir.join("root/bin", applet));
  }
  await mustRun("tar", ["-C", dir.join("root"), "-cf", dir.join("rootfs.tar"), "."]);
  return await readFile(dir.join("rootfs.tar"));
}
