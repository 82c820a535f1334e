import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Logger } from "../core/ports/logger.ts";
import { StopSteps } from "./stop-steps.ts";

const logged: object[] = [];
const note = (fields: object): void => void logged.push(fields);
const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
const never = () => new Promise<void>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
  logged.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

test("what does not end is left and named, and what comes after it is done", async () => {
  const steps = new StopSteps(5000, logger);
  const done: string[] = [];
  const all = (async () => {
    await steps.run("first", never, () => ["stuck"]);
    await steps.run("second", async () => void done.push("second"));
    await steps.run("third", never);
  })();
  await vi.advanceTimersByTimeAsync(4999);
  expect(logged).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect([logged, done]).toEqual([[{ step: "first", left: ["stuck"] }], ["second"]]);
  await vi.advanceTimersByTimeAsync(1000);
  await all;
  expect(logged.at(-1)).toEqual({ step: "third", left: [] });
});

test("a failure is told and does not keep the rest from being done", async () => {
  const steps = new StopSteps(Number.POSITIVE_INFINITY, logger);
  const error = new Error("no");
  await steps.run("failing", () => Promise.reject(error));
  await steps.run("next", async () => undefined);
  expect(logged).toEqual([{ err: error, step: "failing" }]);
});
