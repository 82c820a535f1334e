import { expect, test } from "vitest";
import type { LogEntry } from "../ports/logs.ts";
import { LinePrefixes, outputBytes } from "./log-line.ts";

const entry = (text: string, partial: boolean, stream: LogEntry["stream"] = "stdout"): LogEntry => ({
  timestamp: "T",
  stream,
  bytes: Buffer.from(text),
  partial,
});

test("a whole line gets its newline back, a part of one does not", () => {
  expect(Buffer.from(outputBytes(entry("a", false))).toString()).toBe("a\n");
  expect(Buffer.from(outputBytes(entry("a", true))).toString()).toBe("a");
});

test("the time stands at the start of each line of each stream, once", () => {
  const times = new LinePrefixes({ timestamps: true, details: false });
  const entries = [
    entry("a", true),
    entry("x", false, "stderr"),
    entry("b", false),
    entry("c", false),
    entry("y", true, "stderr"),
  ];
  const text = entries.map((one) => Buffer.from(outputBytes(one, times.of(one))).toString()).join("|");
  expect(text).toBe("T a|T x\n|b\n|T c\n|T y");
});
