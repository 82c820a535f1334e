import { expect, test } from "vitest";
import { parseLogTime, parseTail } from "./log-time.ts";

test.each([
  ["", undefined],
  ["0", undefined],
  ["1700000000", "2023-11-14T22:13:20.000Z"],
  ["1700000000.123456789", "2023-11-14T22:13:20.123Z"],
  ["1700000000.5", "2023-11-14T22:13:20.500Z"],
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02T03:04:05.678901234+01:00", "2026-01-02T02:04:05.678Z"],
])("the time '%s' is %s", (text, expected) => {
  expect(parseLogTime("since", text)?.toISOString()).toBe(expected);
});

test.each(["yesterday", "1e999", "2026-13-01T00:00:00Z", "99999999999999999999"])(
  "the time '%s' is refused",
  (text) => {
    expect(() => parseLogTime("until", text)).toThrow(`invalid value for "until": ${text}`);
  },
);

test("a tail is a number, and anything else means all", () => {
  expect(["0", "12", "all", "", "-1"].map(parseTail)).toEqual([0, 12, undefined, undefined, undefined]);
});
