import { expect, test } from "vitest";
import { afterProbe, type Health, probePlan, startingHealth } from "./healthcheck.ts";
import type { Healthcheck } from "./record.ts";

const check = (parts: Partial<Healthcheck>): Healthcheck => ({
  test: [],
  intervalNs: 0,
  timeoutNs: 0,
  startPeriodNs: 0,
  startIntervalNs: 0,
  retries: 0,
  ...parts,
});

test.each([
  [
    ["CMD", "a", "b"],
    ["a", "b"],
  ],
  [
    ["CMD-SHELL", "a && b"],
    ["/bin/sh", "-c", "a && b"],
  ],
  [["NONE"], undefined],
  [[], undefined],
])("%j runs %j", (words, command) => {
  expect(probePlan(check({ test: words }))?.command).toEqual(command);
});

test("what is left open is 30 s, 30 s and three times", () => {
  expect(probePlan(check({ test: ["CMD", "a"] }))).toMatchObject({
    intervalMs: 30_000,
    timeoutMs: 30_000,
    startPeriodMs: 0,
    retries: 3,
  });
});

/** The health after these exit codes; those before `|` while it starts. */
function after(codes: string): Health {
  const [starting = "", later = ""] = codes.includes("|") ? codes.split("|") : ["", codes];
  let health = startingHealth;
  for (const [part, isStarting] of [
    [starting, true],
    [later, false],
  ] as const) {
    for (const code of part) {
      const result = { startedAt: "", endedAt: "", exitCode: Number(code), output: "" };
      health = afterProbe(health, result, { retries: 2, isStarting });
    }
  }
  return health;
}

test.each([
  ["", "starting", 0],
  ["1", "starting", 1],
  ["11", "unhealthy", 2],
  ["110", "healthy", 0],
  ["01", "healthy", 1],
  ["111|", "starting", 0],
  ["111|1", "starting", 1],
  ["10|11", "unhealthy", 2],
])("after exit codes %s it is %s", (codes, status, failingStreak) => {
  expect(after(codes)).toMatchObject({ status, failingStreak });
});

test("the last five answers are kept", () => {
  expect(after("1234567").log.map(({ exitCode }) => exitCode)).toEqual([3, 4, 5, 6, 7]);
});
