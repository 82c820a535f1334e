import { mkdir, open, readdir, readFile, readlink, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { MountedOver, MountFiles } from "../../core/ports/mount-files.ts";
import { isAtOrBelow, readMountTable } from "../../linux/mount-table.ts";
import { runProgram } from "../../linux/run-program.ts";
import { resolveInside } from "./resolve-inside.ts";

/** O_PATH: neither waits for a FIFO nor disturbs a device. */
const pathOnly = 0o10_000_000;

/** On Linux, with the programs of coreutils and mount. */
export class LinuxMountFiles implements MountFiles {
  resolveInside(root: string, path: string, over?: MountedOver) {
    return told(`resolve ${path} in ${root}`, async () => {
      const mounted = over === undefined ? undefined : { ...over, source: await realpath(over.source) };
      return resolveInside(await realpath(root), path, mounted);
    });
  }

  copyIntoEmpty(source: string, target: string): Promise<void> {
    return told(`copy ${source} to ${target}`, async () => {
      if ((await readdir(target)).length > 0) return;
      await must(["cp", "--archive", "--no-target-directory", "--", source, target]);
    });
  }

  mountMemory(dir: string, sizeBytes: number): Promise<void> {
    return told(`mount memory on ${dir}`, async () => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      if ((await readMountTable()).some(({ target }) => target === dir)) return;
      const options = `nosuid,noexec,nodev,mode=1777,size=${sizeBytes}`;
      await must(["mount", "-t", "tmpfs", "-o", options, "shm", dir]);
    });
  }

  propagation(path: string) {
    return told(`look up the mount of ${path}`, async () => {
      // The path's own mount by its number: one that is named deeper may be hidden below another.
      await using file = await open(path, pathOnly);
      const facts = await readFile(`/proc/self/fdinfo/${file.fd}`, "utf8");
      const id = Number(/^mnt_id:\s*(\d+)$/m.exec(facts)?.[1]);
      const mount = (await readMountTable()).find((entry) => entry.id === id);
      if (mount === undefined) throw new Error(`could not find source mount of ${path}`);
      return {
        mountPoint: mount.target,
        shared: mount.shared,
        slave: mount.slave,
      };
    });
  }

  bindInside(root: string, path: string, target: string): Promise<void> {
    return told(`mount ${path} of ${root}`, async () => {
      const found = await resolveInside(root, path);
      if (found === undefined) {
        throw new EngineError("not-found", `cannot access path ${path}: no such file or directory`);
      }
      // Held from here on: what is mounted is what has been looked at, whatever is put in its place meanwhile.
      await using file = await open(found.path, pathOnly);
      const held = `/proc/${process.pid}/fd/${file.fd}`;
      if (!isAtOrBelow(await readlink(held), await realpath(root))) {
        throw new EngineError("invalid", `cannot access path ${path}: it leads out of the volume`);
      }
      await makeMountPoint(target, found.isDirectory);
      // Without -c the link would be resolved to a name again.
      await must(["mount", "-c", "--bind", held, target]);
    });
  }

  bindResolved(path: string, target: string): Promise<void> {
    return told(`mount ${path}`, async () => {
      await using file = await open(path, pathOnly);
      const held = `/proc/${process.pid}/fd/${file.fd}`;
      // The kernel's name of what is held: it differs if there was a link on the way.
      if ((await readlink(held)) !== path) {
        throw new EngineError("invalid", `cannot mount ${path}: it leads somewhere else by now`);
      }
      await makeMountPoint(target, (await file.stat()).isDirectory());
      await must(["mount", "-c", "--rbind", held, target]);
      // What its owner mounts still comes in; that we unmount our copy is none of its business.
      await must(["mount", "-c", "--make-rslave", target]);
    });
  }
}

async function makeMountPoint(target: string, isDirectory: boolean): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  if (isDirectory) await mkdir(target, { recursive: true, mode: 0o700 });
  else await (await open(target, "a", 0o600)).close();
}

async function must(command: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(command);
  if (exitCode !== 0) throw new Error(stderr.trim());
}

async function told<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const kind = errnoOf(error) === "ENOSPC" ? "unavailable" : "internal";
    throw new EngineError(kind, `${action}: ${messageOf(error)}`, { cause: error });
  }
}
