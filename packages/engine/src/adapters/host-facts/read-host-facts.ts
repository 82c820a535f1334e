import { access, readFile } from "node:fs/promises";
import { arch, availableParallelism, hostname, machine, release, totalmem } from "node:os";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import type { HostFacts } from "../../core/ports/host-facts.ts";
import { cgroupV1Controllers, parseOsRelease } from "./parse-facts.ts";

/** Reads what the kernel and the distribution say of this machine; anew each time, since some of it changes. */
export async function readHostFacts(): Promise<HostFacts> {
  const osRelease = parseOsRelease(
    (await readIfThere("/etc/os-release")) ?? (await readIfThere("/usr/lib/os-release")) ?? "",
  );
  const unified = await readIfThere("/sys/fs/cgroup/cgroup.controllers");
  return {
    hostname: hostname(),
    kernelVersion: release(),
    machine: machine() || arch(),
    operatingSystem: osRelease.prettyName,
    osVersion: osRelease.versionId,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    cgroupVersion: unified === undefined ? "1" : "2",
    cgroupControllers:
      unified === undefined
        ? cgroupV1Controllers((await readIfThere("/proc/cgroups")) ?? "")
        : unified.trim().split(/\s+/),
    seccomp: await exists("/proc/sys/kernel/seccomp/actions_avail"),
    apparmor: (await readIfThere("/sys/module/apparmor/parameters/enabled"))?.trim() === "Y",
    ipv4Forwarding: (await readIfThere("/proc/sys/net/ipv4/ip_forward"))?.trim() === "1",
  };
}

/** Undefined if there is no such file, or it may not be read: either way the host does not say. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return undefined;
    throw new EngineError("internal", `read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
