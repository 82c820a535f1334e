import { hostConfigSchema } from "@davit/protocol";
import { expect, test } from "vitest";
import {
  checkRestartPolicy,
  type RestartFacts,
  restartDelayMs,
  restartsAfterExit,
  restartsWithEngine,
} from "./restart-policy.ts";

const facts = (policy: string, parts: Partial<RestartFacts> = {}): RestartFacts => {
  const [Name = "", retries = "0"] = policy.split(":");
  return {
    hostConfig: hostConfigSchema.parse({ RestartPolicy: { Name, MaximumRetryCount: Number(retries) } }),
    exitCode: 0,
    restartCount: 0,
    manuallyStopped: false,
    ...parts,
  };
};

test.each([
  ["no", {}, false, false],
  ["", { exitCode: 1 }, false, false],
  ["always", {}, true, true],
  ["always", { manuallyStopped: true }, false, true],
  ["unless-stopped", {}, true, true],
  ["unless-stopped", { manuallyStopped: true }, false, false],
  ["on-failure", {}, false, false],
  ["on-failure", { exitCode: 3 }, true, true],
  ["on-failure:2", { exitCode: 3, restartCount: 1 }, true, true],
  ["on-failure:2", { exitCode: 3, restartCount: 2 }, false, false],
  ["on-failure", { exitCode: 3, manuallyStopped: true }, false, true],
])("%s with %j: after an exit %s, with the engine %s", (policy, parts, afterExit, withEngine) => {
  expect(restartsAfterExit(facts(policy, parts))).toBe(afterExit);
  expect(restartsWithEngine(facts(policy, parts))).toBe(withEngine);
});

test("delays double from 100 ms to a minute, and begin anew after a run of 10 s", () => {
  const delays: number[] = [];
  for (let previous = 0; delays.length < 12; ) delays.push((previous = restartDelayMs(previous, 1)));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  expect(restartDelayMs(60_000, 10_000)).toBe(100);
});

test.each([
  ["sometimes", "unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"],
  ["always:3", "maximum retry count can only be used with 'on-failure'"],
  ["no:-1", "maximum retry count can only be used with 'on-failure' and cannot be negative"],
  ["on-failure:-1", "maximum retry count cannot be negative"],
])("refuses %s", (policy, message) => {
  expect(() => checkRestartPolicy(facts(policy).hostConfig.RestartPolicy)).toThrow(
    `invalid restart policy: ${message}`,
  );
});
