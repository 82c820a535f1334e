import { describe, expect, it } from "vitest";
import { parsePruneTime } from "./prune-time.ts";

const now = Date.parse("2026-01-02T03:04:05Z");

describe("parsePruneTime", () => {
  it.each([
    ["24h", now - 86_400_000],
    ["1h30m", now - 5_400_000],
    ["1.5s", now - 1500],
    ["10ms", now - 10],
    ["1700000000", 1_700_000_000_000],
    ["2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:00:00Z")],
    ["2026-01-01", new Date(2026, 0, 1).getTime()],
  ])("reads %s", (text, expected) => {
    expect(parsePruneTime(text, now)).toBe(expected);
  });

  it.each(["bad", "1d", "", "-1h"])("refuses %j", (text) => {
    expect(() => parsePruneTime(text, now)).toThrow(
      `failed to parse value as time or duration: ${JSON.stringify(text)}`,
    );
  });
});
