import type { BlockIoCount, ProcessUsage } from "../ports/process-control.ts";

/** What a container uses at a moment, and the machine around it. */
export interface UsageSample {
  readonly at: Date;
  readonly usage: ProcessUsage;
  /** Of the whole machine, in nanoseconds. */
  readonly systemCpu: number;
  readonly onlineCpus: number;
  readonly memoryBytes: number;
  /** By interface; empty without a network of its own. */
  readonly networks: Readonly<Record<string, InterfaceCounts>>;
}

export interface InterfaceCounts {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}

const never = "0001-01-01T00:00:00Z";

/** One answer of `GET /containers/{id}/stats`; without a sample the container does not run. */
export function statsView(
  { id, name }: { readonly id: string; readonly name: string },
  sample: UsageSample | undefined,
  previous: UsageSample | undefined,
) {
  return {
    name: `/${name}`,
    id,
    read: sample?.at.toISOString() ?? never,
    preread: previous?.at.toISOString() ?? never,
    pids_stats: sample === undefined ? {} : pidsView(sample.usage),
    blkio_stats: blockIoView(sample?.usage.blockIo),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuView(sample),
    precpu_stats: cpuView(previous),
    memory_stats: sample === undefined ? {} : memoryView(sample),
    ...(sample === undefined || Object.keys(sample.networks).length === 0
      ? {}
      : { networks: sample.networks }),
  };
}

const pidsView = ({ pids }: ProcessUsage) => ({
  current: pids.current,
  ...(pids.limit === undefined || pids.limit === 0 ? {} : { limit: pids.limit }),
});

function cpuView(sample: UsageSample | undefined) {
  const cpu = sample?.usage.cpu;
  return {
    cpu_usage: {
      total_usage: cpu?.total ?? 0,
      ...(cpu === undefined || cpu.perCpu.length === 0 ? {} : { percpu_usage: cpu.perCpu }),
      usage_in_kernelmode: cpu?.kernel ?? 0,
      usage_in_usermode: cpu?.user ?? 0,
    },
    ...(sample === undefined ? {} : { system_cpu_usage: sample.systemCpu, online_cpus: sample.onlineCpus }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledTime ?? 0,
    },
  };
}

function memoryView({ usage: { memory }, memoryBytes }: UsageSample) {
  return {
    usage: memory.usage,
    ...(memory.maxUsage === undefined ? {} : { max_usage: memory.maxUsage }),
    stats: memory.counters,
    ...(memory.failures === undefined || memory.failures === 0 ? {} : { failcnt: memory.failures }),
    // Without a limit of its own it is the machine's; version 2 of control groups says 0 or the largest number.
    limit: memory.limit <= 0 || memory.limit > memoryBytes ? memoryBytes : memory.limit,
  };
}

function blockIoView(blockIo: ProcessUsage["blockIo"] | undefined) {
  const entries = (counts: readonly BlockIoCount[]) =>
    counts.map(({ major, minor, operation, value }) => ({ major, minor, op: operation, value }));
  return {
    io_service_bytes_recursive: entries(blockIo?.serviceBytes ?? []),
    io_serviced_recursive: entries(blockIo?.serviced ?? []),
    io_queue_recursive: [],
    io_service_time_recursive: [],
    io_wait_time_recursive: [],
    io_merged_recursive: [],
    io_time_recursive: [],
    sectors_recursive: [],
  };
}

/** Clock ticks of which `/proc/stat` counts: 100 a second on every architecture of ours. */
const nanosecondsPerTick = 10_000_000;

/** The time that all processors together have counted, and how many they are, of `/proc/stat`. */
export function parseSystemCpu(text: string): { readonly systemCpu: number; readonly onlineCpus: number } {
  const [, total = ""] = /^cpu\s+(.*)$/m.exec(text) ?? [];
  // The first seven: guest times are contained in user times.
  const ticks = total
    .split(/\s+/)
    .slice(0, 7)
    .reduce((sum, field) => sum + Number(field), 0);
  return { systemCpu: ticks * nanosecondsPerTick, onlineCpus: text.match(/^cpu\d+ /gm)?.length ?? 1 };
}

/** The interfaces of a network namespace but for the loopback, of `/proc/<pid>/net/dev`. */
export function parseInterfaces(text: string): Readonly<Record<string, InterfaceCounts>> {
  const entries = text.split("\n").flatMap((line): readonly (readonly [string, InterfaceCounts])[] => {
    const [, name = "", rest = ""] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (name === "" || name === "lo") return [];
    const counts = rest.trim().split(/\s+/).map(Number);
    const at = (index: number): number => counts[index] ?? 0;
    return [
      [
        name,
        {
          rx_bytes: at(0),
          rx_packets: at(1),
          rx_errors: at(2),
          rx_dropped: at(3),
          tx_bytes: at(8),
          tx_packets: at(9),
          tx_errors: at(10),
          tx_dropped: at(11),
        },
      ],
    ];
  });
  return Object.fromEntries(entries);
}
