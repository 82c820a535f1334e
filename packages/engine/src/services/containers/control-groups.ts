import type { ControlGroups } from "../../core/container/limits.ts";
import type { Host } from "../../core/ports/host.ts";

const root = "/sys/fs/cgroup";

/** What the host's control groups can do. Which hierarchy there is does not change while the host runs. */
export async function readControlGroups(host: Host): Promise<ControlGroups> {
  const has = (path: string): Promise<boolean> => host.pathExists(`${root}/${path}`);
  const cpus = countCpus((await host.readSmallFile("/sys/devices/system/cpu/online")) ?? "0");
  if (await has("cgroup.controllers")) {
    const controllers = ((await host.readSmallFile(`${root}/cgroup.controllers`)) ?? "").trim().split(" ");
    return {
      version: "2",
      cpus,
      swapLimit: controllers.includes("memory") && (await host.pathExists("/proc/swaps")),
      swappiness: false,
      oomKillDisable: false,
      blockWeight: controllers.includes("io"),
    };
  }
  return {
    version: "1",
    cpus,
    swapLimit: await has("memory/memory.memsw.limit_in_bytes"),
    swappiness: await has("memory/memory.swappiness"),
    oomKillDisable: await has("memory/memory.oom_control"),
    blockWeight: await has("blkio/blkio.weight"),
  };
}

/** `0-3,5` are five. */
function countCpus(list: string): number {
  const counts = list
    .trim()
    .split(",")
    .map((part) => {
      const [first = 0, last = first] = part.split("-").map(Number);
      return last - first + 1;
    });
  return counts.reduce((sum, count) => sum + count, 0);
}
