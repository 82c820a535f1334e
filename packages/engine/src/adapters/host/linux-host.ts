import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmod,
  chown,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { Host, Owner, RootfsLink } from "../../core/ports/host.ts";
import type { SpecDevice } from "../../core/runtime-spec/spec.ts";
import { mountsAtOrBelow, readMountTable } from "../../linux/mount-table.ts";
import { deviceNodes } from "./device-nodes.ts";
import { prepareRootfs } from "./prepare-rootfs.ts";

const maxSmallFileBytes = 1 << 20;
const processors = "/sys/devices/system/cpu";

/** The machine that the engine runs on. */
export class LinuxHost implements Host {
  ensureDir(path: string, mode: number, owner?: Owner): Promise<void> {
    return told("make directory", path, async () => {
      await mkdir(path, { recursive: true, mode: 0o755 });
      // mkdir's mode is subject to the umask.
      await chmod(path, mode);
      if (owner !== undefined) await chown(path, owner.uid, owner.gid);
    });
  }

  removeTree(path: string): Promise<void> {
    return told("remove", path, async () => {
      const mounts = await this.mountsBelow(path);
      if (mounts.length > 0) {
        throw new EngineError("conflict", `remove ${path}: ${mounts.join(", ")} is still mounted`);
      }
      await rm(path, { recursive: true, force: true });
    });
  }

  async pathExists(path: string): Promise<boolean> {
    return told("look up", path, async () => {
      try {
        await stat(path);
        return true;
      } catch (error) {
        if (isAbsence(error)) return false;
        throw error;
      }
    });
  }

  readSmallFile(path: string): Promise<string | undefined> {
    return told("read", path, async () => {
      try {
        await using file = await open(path, "r");
        const { size } = await file.stat();
        if (size > maxSmallFileBytes) throw new EngineError("invalid", `read ${path}: larger than 1 MiB`);
        return await file.readFile("utf8");
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    });
  }

  writeFile(path: string, text: string, mode = 0o644): Promise<void> {
    return told("write", path, async () => {
      const temporary = `${path}.${randomUUID()}`;
      try {
        await writeFile(temporary, text, { mode, flag: "wx" });
        await chmod(temporary, mode);
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  }

  overwriteFile(path: string, text: string): Promise<void> {
    // Whoever has it mounted has this very file.
    return told("write", path, () =>
      writeFile(path, text, { flag: "r+" }).then(() => truncate(path, Buffer.byteLength(text))),
    );
  }

  deviceNodes(path: string): Promise<readonly SpecDevice[]> {
    return deviceNodes(path);
  }

  async makeSharedMount(dir: string): Promise<void> {
    const path = await canonicalPath(dir);
    const entries = (await readMountTable()).filter((entry) => entry.target === path);
    const top = entries.at(-1);
    if (top?.shared) return;
    const args = top === undefined ? ["--bind", "--make-rshared", dir, dir] : ["--make-rshared", dir];
    await run("make shared mount", dir, "mount", args);
  }

  async unmountBelow(dir: string): Promise<void> {
    const mounts = await this.mountsBelow(dir);
    if (mounts.length === 0) return;
    try {
      // Detached without asking their file systems: a server that is dead or hangs must not hold us up.
      await run("unmount", dir, "umount", ["-c", "-i", "-l", "--", ...mounts.toReversed()]);
    } catch (error) {
      // One of them may have gone along with a peer.
      if ((await this.mountsBelow(dir)).length > 0) throw error;
    }
  }

  async mountsBelow(dir: string): Promise<readonly string[]> {
    return mountsAtOrBelow(await readMountTable(), await canonicalPath(dir));
  }

  prepareRootfs(rootfs: string, links: readonly RootfsLink[] = []): Promise<void> {
    return told("prepare rootfs", rootfs, () => prepareRootfs(rootfs, links));
  }

  thermalThrottlePaths(): Promise<readonly string[]> {
    return told("list processors", processors, async () => {
      const names = await readdir(processors).catch(() => []);
      const paths = names
        .filter((name) => /^cpu\d+$/.test(name))
        .map((name) => `${processors}/${name}/thermal_throttle`);
      const present = await Promise.all(paths.map((path) => this.pathExists(path)));
      return paths.filter((_path, index) => present[index]);
    });
  }
}

/** As the mount table names it. Only the parent is resolved: asking a dead file system for its root fails or hangs. */
async function canonicalPath(path: string): Promise<string> {
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    if (isAbsence(error)) return path;
    throw error;
  }
}

const isAbsence = (error: unknown): boolean => errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR";

async function told<Result>(
  action: string,
  path: string,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError("internal", `${action} ${path}: ${messageOf(error)}`, { cause: error });
  }
}

const execute = promisify(execFile);

async function run(action: string, path: string, command: string, args: readonly string[]): Promise<void> {
  try {
    await execute(command, args);
  } catch (error) {
    const stderr =
      error instanceof Error && "stderr" in error && typeof error.stderr === "string"
        ? error.stderr.trim()
        : "";
    throw new EngineError("internal", `${action} ${path}: ${stderr === "" ? messageOf(error) : stderr}`, {
      cause: error,
    });
  }
}
