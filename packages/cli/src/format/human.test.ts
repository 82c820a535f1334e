import { expect, test } from "vitest";
import { humanBinarySize, humanDuration, humanSize, shortId, truncate } from "./human.ts";

test.each([
  [0, "0B"],
  [999, "999B"],
  [1_982_000, "1.98MB"],
  [1_500_000_000, "1.5GB"],
])("%d bytes are %s", (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});

test("binary sizes have four digits", () => {
  expect(humanBinarySize(25_273_000_000)).toBe("23.54GiB");
});

test.each([
  [900, "Less than a second"],
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
])("%d ms are %s", (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

test("truncates to an ellipsis and shortens IDs", () => {
  expect(truncate("abcdef", 4)).toBe("abc…");
  expect(truncate("abcd", 4)).toBe("abcd");
  expect(shortId(`sha256:${"a".repeat(64)}`)).toBe("a".repeat(12));
});
