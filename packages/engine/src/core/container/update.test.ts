import { hostConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { updatedHostConfig } from "./update.ts";

const config = (parts: Readonly<Record<string, unknown>>) => hostConfigSchema.parse(parts);
const update = (now: Readonly<Record<string, unknown>>, asked: Readonly<Record<string, unknown>>) =>
  updatedHostConfig({ hostConfig: config(now), autoRemove: now["AutoRemove"] === true }, config(asked));

test("what is not given stays as it was", () => {
  const now = { Memory: 1e8, PidsLimit: 5, RestartPolicy: { Name: "always" }, Binds: ["v:/v"] };
  expect(update(now, { CpuShares: 10 })).toEqual({ ...config(now), CpuShares: 10 });
});

test("what is given replaces what was", () => {
  expect(update({ Memory: 1, PidsLimit: 5 }, { Memory: 2, PidsLimit: -1 })).toMatchObject({
    Memory: 2,
    PidsLimit: -1,
  });
  expect(update({}, { RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } }).RestartPolicy).toEqual({
    Name: "on-failure",
    MaximumRetryCount: 3,
  });
});

test.each([
  [{ CpuPeriod: 1 }, { NanoCpus: 1 }, "Nano CPUs cannot be updated as CPU Period has already been set"],
  [{ NanoCpus: 1 }, { CpuQuota: 1 }, "CPU Quota cannot be updated as NanoCPUs has already been set"],
  [{ MemorySwap: 5 }, { Memory: 6 }, "update the memoryswap at the same time"],
  [{ AutoRemove: true }, { RestartPolicy: { Name: "always" } }, "because AutoRemove is enabled"],
  [{}, { RestartPolicy: { Name: "odd" } }, "invalid restart policy"],
])("refuses what contradicts: %j with %j", (now, asked, message) => {
  expect(() => update(now, asked)).toThrow(message);
});
