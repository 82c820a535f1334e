import type { HostConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import type { ContainerRecord } from "./record.ts";
import { checkRestartPolicy } from "./restart-policy.ts";

const conflict = (message: string): EngineError => new EngineError("invalid", message);

/** The settings of a container with those that an update gives; an absent one, zero or empty, stays as it was. */
export function updatedHostConfig(
  { hostConfig: now, autoRemove }: Pick<ContainerRecord, "hostConfig" | "autoRemove">,
  asked: HostConfig,
): HostConfig {
  const { RestartPolicy } = asked;
  if (RestartPolicy.Name !== "") {
    if (autoRemove && RestartPolicy.Name !== "no") {
      throw conflict("Restart policy cannot be updated because AutoRemove is enabled for the container");
    }
    checkRestartPolicy(RestartPolicy);
  }
  checkCombinations(now, asked);
  return {
    ...now,
    BlkioWeight: asked.BlkioWeight || now.BlkioWeight,
    CpuShares: asked.CpuShares || now.CpuShares,
    NanoCpus: asked.NanoCpus || now.NanoCpus,
    CpuPeriod: asked.CpuPeriod || now.CpuPeriod,
    CpuQuota: asked.CpuQuota || now.CpuQuota,
    CpusetCpus: asked.CpusetCpus || now.CpusetCpus,
    CpusetMems: asked.CpusetMems || now.CpusetMems,
    Memory: asked.Memory || now.Memory,
    MemorySwap: asked.MemorySwap || now.MemorySwap,
    MemoryReservation: asked.MemoryReservation || now.MemoryReservation,
    PidsLimit: asked.PidsLimit ?? now.PidsLimit,
    RestartPolicy: RestartPolicy.Name === "" ? now.RestartPolicy : RestartPolicy,
  };
}

function checkCombinations(now: HostConfig, asked: HostConfig): void {
  const clash = (what: string, other: string): EngineError =>
    conflict(`Conflicting options: ${what} cannot be updated as ${other} has already been set`);
  if (asked.NanoCpus > 0 && now.CpuPeriod > 0) throw clash("Nano CPUs", "CPU Period");
  if (asked.NanoCpus > 0 && now.CpuQuota > 0) throw clash("Nano CPUs", "CPU Quota");
  if (asked.CpuPeriod > 0 && now.NanoCpus > 0) throw clash("CPU Period", "NanoCPUs");
  if (asked.CpuQuota > 0 && now.NanoCpus > 0) throw clash("CPU Quota", "NanoCPUs");
  if (asked.Memory !== 0 && asked.MemorySwap === 0 && now.MemorySwap > 0 && asked.Memory > now.MemorySwap) {
    throw conflict(
      "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time",
    );
  }
}
