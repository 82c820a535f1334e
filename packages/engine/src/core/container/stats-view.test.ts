import { expect, test } from "vitest";
import { parseInterfaces, parseSystemCpu, statsView, type UsageSample } from "./stats-view.ts";

test("the machine's time is the sum of what its processors did", () => {
  const text = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 5\n";
  expect(parseSystemCpu(text)).toEqual({ systemCpu: 280_000_000, onlineCpus: 2 });
});

test("interfaces are read without the loopback", () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       9       9    0    0    0     0          0         0        9       9    0    0    0     0       0          0
  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
`;
  expect(parseInterfaces(text)).toEqual({
    eth0: {
      rx_bytes: 1,
      rx_packets: 2,
      rx_errors: 3,
      rx_dropped: 4,
      tx_bytes: 9,
      tx_packets: 10,
      tx_errors: 11,
      tx_dropped: 12,
    },
  });
});

const sample: UsageSample = {
  at: new Date("2026-01-02T03:04:05Z"),
  usage: {
    cpu: { total: 5, perCpu: [2, 3], kernel: 1, user: 4, periods: 0, throttledPeriods: 0, throttledTime: 0 },
    memory: { usage: 7, maxUsage: 9, failures: 0, limit: 2 ** 63, counters: { cache: 1 } },
    pids: { current: 1, limit: undefined },
    blockIo: { serviceBytes: [{ major: 8, minor: 0, operation: "Read", value: 6 }], serviced: [] },
  },
  systemCpu: 100,
  onlineCpus: 2,
  memoryBytes: 1000,
  networks: {},
};

test("a container without a limit may use the machine's memory", () => {
  const view = statsView({ id: "c", name: "box" }, sample, undefined);
  expect(view).toMatchObject({
    name: "/box",
    read: "2026-01-02T03:04:05.000Z",
    preread: "0001-01-01T00:00:00Z",
    pids_stats: { current: 1 },
    cpu_stats: { system_cpu_usage: 100, online_cpus: 2, cpu_usage: { total_usage: 5 } },
    precpu_stats: { cpu_usage: { total_usage: 0 } },
    memory_stats: { usage: 7, limit: 1000 },
    blkio_stats: { io_service_bytes_recursive: [{ major: 8, minor: 0, op: "Read", value: 6 }] },
  });
  expect(view).not.toHaveProperty("networks");
});

test("one that does not run uses nothing", () => {
  expect(statsView({ id: "c", name: "box" }, undefined, undefined)).toMatchObject({
    read: "0001-01-01T00:00:00Z",
    memory_stats: {},
    pids_stats: {},
  });
});
