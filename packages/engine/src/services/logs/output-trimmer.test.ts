import { expect, test } from "vitest";
import type { Logger } from "../../core/ports/logger.ts";
import { OutputTrimmer } from "./output-trimmer.ts";

const mebibyte = 1024 * 1024;

function trimmer(fails: (before: number) => boolean, neededFrom = Number.POSITIVE_INFINITY) {
  const tried: number[] = [];
  const warnings: string[] = [];
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields, message) => void warnings.push(message),
    error: () => undefined,
    child: () => logger,
  };
  const output = {
    free: async (_path: string, before: number) => {
      tried.push(before / mebibyte);
      if (fails(before)) throw new Error("no space left on device");
    },
  };
  const made = new OutputTrimmer({ output, path: "o", neededFrom: () => neededFrom, logger });
  return { tried, warnings, trim: (before: number) => made.trim(before * mebibyte) };
}

test("gives back what is worth a program, and nothing that a reader needs", async () => {
  const { trim, tried } = trimmer(() => false, 9 * mebibyte);
  for (const before of [3, 5, 7, 9, 40]) await trim(before);
  expect(tried).toEqual([5, 9]);
});

test("that failed is tried again later, and told once", async () => {
  const { trim, tried, warnings } = trimmer((before) => before < 100 * mebibyte);
  for (const before of [5, 20, 68, 70, 100, 134, 140]) await trim(before);
  expect(tried).toEqual([5, 70, 134, 140]);
  expect(warnings).toHaveLength(1);
});
