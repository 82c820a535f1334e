import { expect, test } from "vitest";
import { usageRows } from "./df.ts";

test("what no container uses can be freed", () => {
  const rows = usageRows({
    LayersSize: 100,
    Images: [
      { Containers: 1, Size: 60, SharedSize: 20 },
      { Containers: 0, Size: 40, SharedSize: 20 },
    ],
    Containers: [
      { State: "running", SizeRw: 3 },
      { State: "exited", SizeRw: 4 },
    ],
    Volumes: [
      { UsageData: { RefCount: 1, Size: 10 } },
      { UsageData: { RefCount: 0, Size: 7 } },
      { UsageData: { RefCount: 0, Size: -1 } },
      { UsageData: null },
    ],
    BuildCache: [],
  });
  expect(
    rows.map(({ type, total, active, bytes, reclaimable }) => [type, total, active, bytes, reclaimable]),
  ).toEqual([
    ["Images", 2, 1, 100, 60],
    ["Containers", 2, 1, 7, 4],
    ["Local Volumes", 4, 1, 17, 7],
    ["Build Cache", 0, 0, 0, 0],
  ]);
});
