import * as z from "zod";
import { humanBinarySize, humanSize } from "../format/human.ts";
import { field, type ListView } from "../format/list.ts";

/** Kernels say "unlimited" with numbers that a double only comes near to. */
const count = z.union([z.number(), z.bigint().transform(Number)]);
const amount = count.default(0);
const cpuSchema = z.object({
  cpu_usage: z.object({ total_usage: amount, percpu_usage: z.array(z.number()).nullish() }),
  system_cpu_usage: amount,
  online_cpus: z.number().optional(),
});

/** One sample of `GET /containers/{id}/stats`, as far as it is shown. */
export const statsSchema = z.object({
  id: z.string().default(""),
  name: z.string().default(""),
  cpu_stats: cpuSchema,
  precpu_stats: cpuSchema.partial(),
  memory_stats: z.object({
    usage: amount,
    limit: amount,
    stats: z.record(z.string(), count).nullish(),
  }),
  blkio_stats: z.object({
    io_service_bytes_recursive: z.array(z.object({ op: z.string(), value: count })).nullish(),
  }),
  networks: z.record(z.string(), z.object({ rx_bytes: amount, tx_bytes: amount })).nullish(),
  pids_stats: z.object({ current: amount }),
});
export type Stats = z.output<typeof statsSchema>;

/** Missing stats are shown as `--`. */
export interface StatsRow {
  /** As the user named it. */
  readonly container: string;
  readonly stats: Stats | undefined;
}

function cpuPercent({ cpu_stats: now, precpu_stats: before }: Stats): number {
  const used = now.cpu_usage.total_usage - (before.cpu_usage?.total_usage ?? 0);
  const passed = now.system_cpu_usage - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus ?? (now.cpu_usage.percpu_usage ?? []).length;
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Without the page cache that the kernel would give back: cgroup v1's name, then v2's. */
function memoryUsed({ memory_stats: { usage, stats } }: Stats): number {
  const cache = stats?.["total_inactive_file"] ?? stats?.["inactive_file"] ?? 0;
  return cache < usage ? usage - cache : usage;
}

const percent = (value: number): string => `${value.toFixed(2)}%`;

function networkText({ networks }: Stats): string {
  const all = Object.values(networks ?? {});
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const received = sum(all.map(({ rx_bytes }) => rx_bytes));
  return `${humanSize(received)} / ${humanSize(sum(all.map(({ tx_bytes }) => tx_bytes)))}`;
}

function blockText({ blkio_stats }: Stats): string {
  const total = (letter: string): number =>
    (blkio_stats.io_service_bytes_recursive ?? [])
      .filter(({ op }) => op.toLowerCase().startsWith(letter))
      .reduce((sum, { value }) => sum + value, 0);
  return `${humanSize(total("r"))} / ${humanSize(total("w"))}`;
}

export function statsView(noTrunc: boolean): ListView<StatsRow> {
  const shown = (row: StatsRow, text: (stats: Stats) => string, none = "--"): string =>
    row.stats === undefined ? none : text(row.stats);
  return {
    table:
      "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
    goType: "*container.statsContext",
    quiet: "{{.ID}}",
    fields: {
      Container: field("CONTAINER", ({ container }) => container),
      ID: field("CONTAINER ID", (row) => shown(row, ({ id }) => (noTrunc ? id : id.slice(0, 12)))),
      Name: field("NAME", (row) => shown(row, ({ name }) => name.replace(/^\//, ""))),
      CPUPerc: field("CPU %", (row) => shown(row, (stats) => percent(cpuPercent(stats)))),
      MemUsage: field("MEM USAGE / LIMIT", (row) =>
        shown(
          row,
          (stats) => `${humanBinarySize(memoryUsed(stats))} / ${humanBinarySize(stats.memory_stats.limit)}`,
          "-- / --",
        ),
      ),
      MemPerc: field("MEM %", (row) =>
        shown(row, (stats) => {
          const { limit } = stats.memory_stats;
          return percent(limit === 0 ? 0 : (memoryUsed(stats) / limit) * 100);
        }),
      ),
      NetIO: field("NET I/O", (row) => shown(row, networkText)),
      BlockIO: field("BLOCK I/O", (row) => shown(row, blockText)),
      PIDs: field("PIDS", (row) => shown(row, ({ pids_stats }) => String(pids_stats.current))),
    },
  };
}
