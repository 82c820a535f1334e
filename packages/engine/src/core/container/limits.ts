import type { HostConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import type { BlockDevice, SpecLimits, SpecRlimit } from "../runtime-spec/spec.ts";

/** What the host's control groups can do, as far as limits depend on it. */
export interface ControlGroups {
  readonly version: "1" | "2";
  readonly cpus: number;
  readonly swapLimit: boolean;
  readonly swappiness: boolean;
  readonly oomKillDisable: boolean;
  readonly blockWeight: boolean;
}

type Checked = { readonly host: HostConfig; readonly warnings: readonly string[] };

const leastMemoryBytes = 6 * 1024 * 1024;
const invalid = (message: string): EngineError => new EngineError("invalid", message);

/**
 * The limits that were asked for as the host can keep them, with the Engine's defaults; what it cannot keep is taken out
 * and named in a warning. Refuses, with the Engine's text, what makes no sense.
 */
export function checkLimits(asked: HostConfig, groups: ControlGroups): Checked {
  const warnings: string[] = [];
  let host = asked;
  checkMemory(host);
  checkCpu(host, groups.cpus);
  if (host.Memory > 0 && host.MemorySwap === 0) host = { ...host, MemorySwap: host.Memory * 2 };
  if (host.Memory > 0 && host.MemorySwap !== -1 && !groups.swapLimit) {
    warnings.push(
      "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
    );
    host = { ...host, MemorySwap: -1 };
  }
  if (host.MemorySwappiness !== undefined && host.MemorySwappiness !== -1 && !groups.swappiness) {
    warnings.push(
      "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
    );
    host = { ...host, MemorySwappiness: undefined };
  }
  if (host.OomKillDisable === true && !groups.oomKillDisable) {
    warnings.push("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    host = { ...host, OomKillDisable: undefined };
  }
  if (host.OomKillDisable === true && host.Memory === 0) {
    warnings.push(
      "OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.",
    );
  }
  if (host.BlkioWeight > 0 && !groups.blockWeight) {
    warnings.push(
      "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.",
    );
    host = { ...host, BlkioWeight: 0 };
  }
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    throw invalid("Range of blkio weight is from 10 to 1000");
  }
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  for (const { Name, Soft, Hard } of host.Ulimits) {
    if (!rlimitNames.has(Name.toLowerCase())) throw invalid(`invalid ulimit type: ${Name}`);
    if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
  }
  for (const rule of host.DeviceCgroupRules) parseDeviceRule(rule);
  return { host, warnings };
}

function checkMemory({ Memory, MemorySwap, MemoryReservation, MemorySwappiness }: HostConfig): void {
  if (Memory < 0 || (Memory > 0 && Memory < leastMemoryBytes)) {
    throw invalid("Minimum memory limit allowed is 6MB");
  }
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (Memory === 0 && MemorySwap > 0) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  const swappiness = MemorySwappiness ?? -1;
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (MemoryReservation < 0 || (MemoryReservation > 0 && MemoryReservation < leastMemoryBytes)) {
    throw invalid("Minimum memory reservation allowed is 6MB");
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
}

function checkCpu(host: HostConfig, cpus: number): void {
  const { NanoCpus, CpuPeriod, CpuQuota, CpuShares, CpusetCpus } = host;
  if (NanoCpus > 0 && CpuPeriod > 0) {
    throw invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set.");
  }
  if (NanoCpus > 0 && CpuQuota > 0) {
    throw invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set.");
  }
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9) {
    throw invalid(`Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if (CpuShares < 0) throw invalid(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  const last = lastOf(CpusetCpus, "cpus");
  lastOf(host.CpusetMems, "mems");
  if (last !== undefined && last >= cpus) {
    const available = cpus === 1 ? "0" : `0-${cpus - 1}`;
    throw invalid(`Requested CPUs are not available - requested ${CpusetCpus}, available: ${available}`);
  }
}

/** The highest number of a list such as `0-2,5`; undefined if it is empty. */
function lastOf(list: string, what: string): number | undefined {
  if (list === "") return undefined;
  const ends = list.split(",").map((part) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    const end = Number(match?.[2] ?? match?.[1]);
    if (match !== null && end >= Number(match[1])) return end;
    throw invalid(`Invalid value ${list} for cpuset ${what}: invalid format: ${list}`);
  });
  return Math.max(...ends);
}

/** The runtime's names differ from these by a prefix only. */
const rlimitNames: ReadonlySet<string> = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
    " ",
  ),
);

/** Stands for the kernel's RLIM_INFINITY, 2^64-1, which is no number here: whoever writes the specification writes that. */
export const unlimited = 2 ** 64;

export const rlimitsOf = ({ Ulimits }: Pick<HostConfig, "Ulimits">): readonly SpecRlimit[] =>
  Ulimits.map(({ Name, Soft, Hard }) => ({
    type: `RLIMIT_${Name.toUpperCase()}`,
    soft: Soft < 0 ? unlimited : Soft,
    hard: Hard < 0 ? unlimited : Hard,
  }));

/** One `--device-cgroup-rule`: `c 1:3 rwm`. */
export function parseDeviceRule(text: string) {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  const type = match?.[1];
  if (match === null || (type !== "a" && type !== "b" && type !== "c")) {
    throw invalid(`invalid device cgroup rule format: '${text}'`);
  }
  return {
    allow: true,
    type,
    major: match[2] === "*" ? -1 : Number(match[2]),
    minor: match[3] === "*" ? -1 : Number(match[3]),
    access: match[4] ?? "rwm",
  } as const;
}

const given = <Value extends object>(value: Value): Value | undefined =>
  Object.values(value).some((part) => part !== undefined) ? value : undefined;
const positive = (value: number): number | undefined => (value > 0 ? value : undefined);
const filled = (text: string): string | undefined => (text === "" ? undefined : text);

/** The limits for the runtime. `deviceOf` tells the numbers of a block device that a limit names. */
export function limitsOf(host: HostConfig, deviceOf: (path: string) => BlockDevice): SpecLimits {
  const rates = (list: HostConfig["BlkioDeviceReadBps"]) =>
    list.length === 0 ? undefined : list.map(({ Path, Rate }) => ({ ...deviceOf(Path), rate: Rate }));
  const pids = host.PidsLimit ?? 0;
  return {
    memory: given({
      limit: positive(host.Memory),
      reservation: positive(host.MemoryReservation),
      swap: host.MemorySwap === 0 ? undefined : host.MemorySwap,
      swappiness: host.MemorySwappiness === -1 ? undefined : host.MemorySwappiness,
      disableOOMKiller: host.OomKillDisable === true ? true : undefined,
    }),
    cpu: given({
      shares: positive(host.CpuShares),
      ...quotaOf(host),
      realtimeRuntime: positive(host.CpuRealtimeRuntime),
      realtimePeriod: positive(host.CpuRealtimePeriod),
      cpus: filled(host.CpusetCpus),
      mems: filled(host.CpusetMems),
    }),
    pids: pids === 0 ? undefined : { limit: pids },
    blockIO: given({
      weight: positive(host.BlkioWeight),
      weightDevice:
        host.BlkioWeightDevice.length === 0
          ? undefined
          : host.BlkioWeightDevice.map(({ Path, Weight }) => ({ ...deviceOf(Path), weight: Weight })),
      throttleReadBpsDevice: rates(host.BlkioDeviceReadBps),
      throttleWriteBpsDevice: rates(host.BlkioDeviceWriteBps),
      throttleReadIOPSDevice: rates(host.BlkioDeviceReadIOps),
      throttleWriteIOPSDevice: rates(host.BlkioDeviceWriteIOps),
    }),
  };
}

const fullPeriodMicros = 100_000;

function quotaOf({ NanoCpus, CpuPeriod, CpuQuota }: HostConfig) {
  if (NanoCpus > 0) {
    return { quota: Math.floor((NanoCpus * fullPeriodMicros) / 1e9), period: fullPeriodMicros };
  }
  return { quota: CpuQuota === 0 ? undefined : CpuQuota, period: positive(CpuPeriod) };
}

/** Every block device that a limit names. */
export const limitedDevices = (host: HostConfig): readonly string[] =>
  [
    host.BlkioWeightDevice,
    host.BlkioDeviceReadBps,
    host.BlkioDeviceWriteBps,
    host.BlkioDeviceReadIOps,
    host.BlkioDeviceWriteIOps,
  ].flatMap((list) => list.map(({ Path }) => Path));
