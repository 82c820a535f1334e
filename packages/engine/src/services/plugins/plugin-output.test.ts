import { describe, expect, it } from "vitest";
import type { Logger } from "../../core/ports/logger.ts";
import type { LogEntry } from "../../core/ports/logs.ts";
import { forwardOutput } from "./plugin-output.ts";

const entry = (stream: LogEntry["stream"], text: string, partial = false): LogEntry => ({
  timestamp: "",
  stream,
  bytes: new TextEncoder().encode(text),
  partial,
});

/** What the log gets of the entries, once they have all been read. */
async function logged(entries: readonly LogEntry[]): Promise<readonly string[]> {
  const lines: string[] = [];
  const done = Promise.withResolvers<void>();
  const logger: Logger = {
    debug: () => undefined,
    info: (_fields, message) => void lines.push(`info ${message}`),
    warn: (_fields, message) => void lines.push(`warn ${message}`),
    error: (_fields, message) => void lines.push(`error ${message}`),
    child: () => logger,
  };
  async function* read() {
    yield* entries;
    // After what the reader does with the last of them.
    setImmediate(done.resolve);
    await Promise.resolve();
  }
  forwardOutput({ logs: { read }, logger }, "id", "/log", Promise.resolve(), new AbortController().signal);
  await done.promise;
  return lines;
}

describe("a plugin's output in the log", () => {
  it("is told line by line, each stream's pieces put together", async () => {
    const lines = await logged([
      entry("stdout", "half ", true),
      entry("stderr", "a fault"),
      entry("stdout", "a line"),
      entry("stdout", "no end", true),
    ]);
    expect(lines).toEqual(["error a fault", "info half a line", "info no end"]);
  });

  it("is told in pieces where a line does not end", async () => {
    const lines = await logged(Array.from({ length: 20 }, () => entry("stdout", "x".repeat(8192), true)));
    expect(lines.length).toBeGreaterThan(1);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80_000);
    expect(lines.join("").replaceAll("info ", "")).toHaveLength(20 * 8192);
  });
});
