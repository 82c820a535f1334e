import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Needs CAP_SYS_ADMIN. Does nothing where something is mounted already, so that it can be repeated. */
export async function mountTmpfs(dir: string, size: string | undefined): Promise<void> {
  if ((await mountPoints()).has(dir)) return;
  const options = ["nosuid", "nodev", "mode=0755", ...(size === undefined ? [] : [`size=${size}`])].join(",");
  await command("mount", ["-n", "-t", "tmpfs", "-o", options, "tmpfs", dir]);
}

export async function unmountTmpfs(dir: string): Promise<void> {
  if (!(await mountPoints()).has(dir)) return;
  await command("umount", ["-n", dir]);
}

/** Everything mounted in this mount namespace. Paths with blanks come escaped; ours have none. */
export async function mountPoints(): Promise<ReadonlySet<string>> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).trimEnd().split("\n");
  // https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html: the fifth field
  return new Set(lines.map((line) => line.split(" ")[4] ?? ""));
}

async function command(name: string, args: readonly string[]): Promise<void> {
  try {
    await run(name, args);
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(said === "" ? `${name}: ${String(error)}` : said, { cause: error });
  }
}
