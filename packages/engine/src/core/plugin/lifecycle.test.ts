import { describe, expect, it } from "vitest";
import { nextPhase, restartDelayMs } from "./lifecycle.ts";

describe("a plugin's phases", () => {
  it("come back from a crash through a pause", () => {
    expect(nextPhase("running", "exited")).toBe("backing-off");
    expect(nextPhase("backing-off", "retry")).toBe("starting");
    expect(nextPhase("starting", "listening")).toBe("running");
  });

  it("refuse what makes no sense, naming both ends", () => {
    expect(() => nextPhase("stopped", "exited")).toThrow("plugin cannot go from stopped by exited");
  });

  it("wait longer after each failure, a minute at most", () => {
    expect([0, 1, 2, 9, 10, 1000].map(restartDelayMs)).toEqual([100, 200, 400, 51_200, 60_000, 60_000]);
  });
});
