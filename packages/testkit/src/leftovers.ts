import { readdir, readFile, readlink } from "node:fs/promises";
import { mustRun } from "./command.ts";

/** The mount points at or below a directory, the newest first. */
export async function mountsBelow(dir: string): Promise<readonly string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table
    .split("\n")
    .map((line) =>
      (line.split(" ")[4] ?? "").replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCodePoint(Number.parseInt(octal, 8)),
      ),
    )
    .filter((point) => point === dir || point.startsWith(`${dir}/`))
    .reverse();
}

export async function unmountBelow(dir: string): Promise<void> {
  const points = await mountsBelow(dir);
  if (points.length > 0) await mustRun("umount", ["--lazy", ...points]);
}

/** The processes that name a directory in their arguments, or whose root or working directory lies below it. */
export async function processesOf(dir: string): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process may end while it is looked at.
      const [args, root, cwd] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
        readlink(`/proc/${pid}/root`).catch(() => ""),
        readlink(`/proc/${pid}/cwd`).catch(() => ""),
      ]);
      return args.includes(`${dir}/`) || `${root}/`.startsWith(`${dir}/`) || `${cwd}/`.startsWith(`${dir}/`)
        ? [Number(pid)]
        : [];
    }),
  );
  return found.flat();
}

/** Kills them; a container's processes have their own root, so their monitor's arguments lead to them. */
export async function killProcessesOf(dir: string): Promise<void> {
  for (const pid of await processesOf(dir)) {
    for (const each of [...(await descendantsOf(pid)), pid]) {
      try {
        process.kill(each, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  }
}

async function descendantsOf(pid: number): Promise<readonly number[]> {
  const children = await childrenOf(pid);
  const below = await Promise.all(children.map(descendantsOf));
  return [...below.flat(), ...children];
}

export async function childrenOf(pid: number): Promise<readonly number[]> {
  const list = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8").catch(() => "");
  return list.split(" ").filter(Boolean).map(Number);
}
