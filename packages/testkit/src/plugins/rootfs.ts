import { constants } from "node:fs";
import { copyFile, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { mustRun } from "../command.ts";
import { peerEnvironment } from "../peers.ts";

/** Copies a file of the host into a root file system, at the same path unless another is named. */
export async function copyInto(rootfs: string, path: string, as = path): Promise<void> {
  const target = join(rootfs, as);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(await realpath(path), target, constants.COPYFILE_FICLONE);
}

/** Copies a dynamically linked program with its loader and libraries, as `ldd` finds them. */
export async function copyProgram(rootfs: string, path: string, as = path): Promise<void> {
  const listed = await mustRun("ldd", [path], { env: peerEnvironment() });
  const libraries = [...listed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, file]) => file ?? []);
  await Promise.all([copyInto(rootfs, path, as), ...libraries.map((file) => copyInto(rootfs, file))]);
}
