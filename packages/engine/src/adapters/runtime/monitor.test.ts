import { expect, test } from "vitest";
import { pidIn } from "./monitor.ts";

test("a PID file names one process", () => {
  expect(pidIn("4711")).toBe(4711);
  expect(pidIn("4711\n")).toBe(4711);
});

test.each(["", "\n", "0", "1", "-1", "-4711", "1.5", "12x", "1e99"])(
  "a PID file with %j names nothing that may be signaled",
  (text) => {
    expect(pidIn(text)).toBeUndefined();
  },
);
