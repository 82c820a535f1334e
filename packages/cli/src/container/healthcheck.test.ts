import { expect, test } from "vitest";
import { parseCommandLine } from "../command-line/parse.ts";
import { healthcheck, healthFlags } from "./healthcheck.ts";

function of(...argv: readonly string[]) {
  const grammar = { name: "x", usage: "", summary: "", args: { min: 0 }, flags: healthFlags };
  return healthcheck(parseCommandLine(grammar, argv).flags);
}

test("nothing given leaves the health check to the image", () => {
  expect(of()).toBeUndefined();
});

test("durations are nanoseconds, the command is the shell's", () => {
  expect(of("--health-cmd", "true", "--health-interval", "1.5s", "--health-retries", "3")).toMatchObject({
    Test: ["CMD-SHELL", "true"],
    Interval: 1_500_000_000,
    Retries: 3,
  });
});

test("no health check is said with NONE, and nothing else", () => {
  expect(of("--no-healthcheck")).toEqual({ Test: ["NONE"] });
  expect(() => of("--no-healthcheck", "--health-cmd", "x")).toThrow("--no-healthcheck conflicts");
});
