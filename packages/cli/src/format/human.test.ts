import { expect, test } from "vitest";
import { humanBinarySize, humanSize, shortId, truncate } from "./human.ts";

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

test("truncates to an ellipsis and shortens IDs", () => {
  expect(truncate("abcdef", 4)).toBe("abc…");
  expect(truncate("abcd", 4)).toBe("abcd");
  expect(shortId(`sha256:${"a".repeat(64)}`)).toBe("a".repeat(12));
});
