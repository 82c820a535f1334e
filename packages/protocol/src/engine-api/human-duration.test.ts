import { expect, test } from "vitest";
import { humanDuration } from "./human-duration.ts";

test.each([
  [999, "Less than a second"],
  [1_000, "1 second"],
  [1_500, "1 second"],
  [59_000, "59 seconds"],
  [100_000, "About a minute"],
  [180_000, "3 minutes"],
  [3_600_000, "About an hour"],
  [47 * 3_600_000, "47 hours"],
  [72 * 3_600_000, "3 days"],
  [21 * 24 * 3_600_000, "3 weeks"],
  [100 * 24 * 3_600_000, "3 months"],
  [1_000 * 24 * 3_600_000, "2 years"],
  // Half an hour short of three years.
  [3 * 365 * 24 * 3_600_000 - 1_800_000, "2 years"],
])("%d ms are %s", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});
