import * as z from "zod";
import type { BlockIoCount, ProcessUsage } from "../../core/ports/process-control.ts";

// https://github.com/opencontainers/runc/blob/v1.1.5/types/events.go

const count = z.number().default(0);
const optional = z.number().optional();
const absent = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => value ?? {}, schema);

const blockIo = z
  .array(
    z.object({
      major: count,
      minor: count,
      op: z.string().default(""),
      value: count,
    }),
  )
  .nullish();

const schema = z.object({
  data: z.object({
    cpu: absent(
      z.object({
        usage: absent(
          z.object({ total: count, percpu: z.array(z.number()).nullish(), kernel: count, user: count }),
        ),
        throttling: absent(z.object({ periods: count, throttledPeriods: count, throttledTime: count })),
      }),
    ),
    memory: absent(
      z.object({
        usage: absent(z.object({ limit: count, usage: count, max: optional, failcnt: optional })),
        raw: z.record(z.string(), z.number()).nullish(),
      }),
    ),
    pids: absent(z.object({ current: count, limit: optional })),
    blkio: absent(z.object({ ioServiceBytesRecursive: blockIo, ioServicedRecursive: blockIo })),
  }),
});

/** What `runc events --stats` prints. */
export function parseUsage(text: string): ProcessUsage {
  const { cpu, memory, pids, blkio } = schema.parse(JSON.parse(text)).data;
  return {
    cpu: {
      total: cpu.usage.total,
      perCpu: cpu.usage.percpu ?? [],
      kernel: cpu.usage.kernel,
      user: cpu.usage.user,
      ...cpu.throttling,
    },
    memory: {
      usage: memory.usage.usage,
      maxUsage: memory.usage.max,
      failures: memory.usage.failcnt,
      limit: memory.usage.limit,
      counters: memory.raw ?? {},
    },
    pids: { current: pids.current, limit: pids.limit },
    blockIo: {
      serviceBytes: (blkio.ioServiceBytesRecursive ?? []).map(blockIoCount),
      serviced: (blkio.ioServicedRecursive ?? []).map(blockIoCount),
    },
  };
}

const blockIoCount = (entry: {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}): BlockIoCount => ({ major: entry.major, minor: entry.minor, operation: entry.op, value: entry.value });
