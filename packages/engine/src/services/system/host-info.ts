import type { HostFacts } from "../../core/ports/host-facts.ts";

/** The part of `/info` that is about the machine. */
export function hostInfo(host: HostFacts) {
  const has = (controller: string): boolean => host.cgroupControllers.includes(controller);
  return {
    Name: host.hostname,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: "linux",
    Architecture: host.machine,
    NCPU: host.cpus,
    MemTotal: host.memoryBytes,
    CgroupDriver: "cgroupfs",
    CgroupVersion: host.cgroupVersion,
    MemoryLimit: has("memory"),
    SwapLimit: has("memory"),
    CpuCfsPeriod: has("cpu"),
    CpuCfsQuota: has("cpu"),
    CPUShares: has("cpu"),
    CPUSet: has("cpuset"),
    PidsLimit: has("pids"),
    // Only the first version of cgroups can switch it off.
    OomKillDisable: has("memory") && host.cgroupVersion === "1",
    KernelMemory: false,
    KernelMemoryTCP: false,
    IPv4Forwarding: host.ipv4Forwarding,
    // Nothing here filters bridged packets; older clients would warn of false.
    BridgeNfIptables: true,
    BridgeNfIp6tables: true,
    SecurityOptions: [
      ...(host.apparmor ? ["name=apparmor"] : []),
      ...(host.seccomp ? ["name=seccomp,profile=builtin"] : []),
    ],
  };
}
