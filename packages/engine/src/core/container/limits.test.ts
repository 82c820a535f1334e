import { hostConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { limitsOf, parseDeviceRule, rlimitsOf, unlimited } from "./limits.ts";

const limits = (host: object) =>
  JSON.parse(JSON.stringify(limitsOf(hostConfigSchema.parse(host), () => ({ major: 8, minor: 1 }))));

test.each([
  [{}, {}],
  [{ Memory: 1e8, MemorySwap: 2e8 }, { memory: { limit: 1e8, swap: 2e8 } }],
  [{ MemoryReservation: 1e8 }, { memory: { reservation: 1e8 } }],
  [{ MemorySwappiness: -1 }, {}],
  [{ MemorySwappiness: 0 }, { memory: { swappiness: 0 } }],
  [{ OomKillDisable: true }, { memory: { disableOOMKiller: true } }],
  [{ NanoCpus: 1.5e9 }, { cpu: { quota: 150_000, period: 100_000 } }],
  [{ CpuQuota: 5000, CpuPeriod: 10_000 }, { cpu: { quota: 5000, period: 10_000 } }],
  [{ CpuShares: 512, CpusetCpus: "0-1", CpusetMems: "0" }, { cpu: { shares: 512, cpus: "0-1", mems: "0" } }],
  [{ PidsLimit: 20 }, { pids: { limit: 20 } }],
  [{ PidsLimit: -1 }, { pids: { limit: -1 } }],
  [{ BlkioWeight: 300 }, { blockIO: { weight: 300 } }],
  [
    { BlkioDeviceReadBps: [{ Path: "/dev/sda1", Rate: 1024 }] },
    { blockIO: { throttleReadBpsDevice: [{ major: 8, minor: 1, rate: 1024 }] } },
  ],
])("%j becomes %j", (host, expected) => {
  expect(limits(host)).toEqual(expected);
});

test("ulimits get the kernel's names, and -1 means none", () => {
  const host = hostConfigSchema.parse({ Ulimits: [{ Name: "nofile", Soft: 1, Hard: -1 }] });
  expect(rlimitsOf(host)).toEqual([{ type: "RLIMIT_NOFILE", soft: 1, hard: unlimited }]);
});

test("a device rule may leave numbers open", () => {
  expect(parseDeviceRule("c 10:* rw")).toEqual({
    allow: true,
    type: "c",
    major: 10,
    minor: -1,
    access: "rw",
  });
});
