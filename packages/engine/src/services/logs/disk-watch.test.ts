import { expect, test } from "vitest";
import type { Logger } from "../../core/ports/logger.ts";
import { DiskWatch } from "./disk-watch.ts";

test("a disk is told of when it becomes full, and when there is room again, once each", async () => {
  const told: string[] = [];
  const logger: Logger = {
    debug: () => undefined,
    info: (_fields, message) => void told.push(message),
    warn: () => undefined,
    error: (_fields, message) => void told.push(message),
    child: () => logger,
  };
  let freeBytes = 0;
  const watch = new DiskWatch({ output: { freeBytes: async () => freeBytes }, dir: "/d", logger });
  for (freeBytes of [5_000_000, 1000, 0, 100_000, 2_000_000, 3_000_000, 0]) await watch.look();
  const full = "the disk is full: output of containers is lost until there is room";
  expect(told).toEqual([full, "there is room for the output of containers again", full]);
});
