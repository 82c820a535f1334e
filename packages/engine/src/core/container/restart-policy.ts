import type { HostConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import type { ContainerRecord } from "./record.ts";

type RestartPolicy = HostConfig["RestartPolicy"];

const firstDelayMs = 100;
const longestDelayMs = 60_000;
/** A run of this length counts as a success: the next delay is the first again. */
const steadyMs = 10_000;

const unlimitedPolicies: ReadonlySet<string> = new Set(["no", "always", "unless-stopped"]);

/** Refuses, with the Engine's text, a policy that makes no sense. */
export function checkRestartPolicy({ Name, MaximumRetryCount }: RestartPolicy): void {
  const fail = (reason: string): EngineError =>
    new EngineError("invalid", `invalid restart policy: ${reason}`);
  if (Name === "") return;
  if (Name === "on-failure") {
    if (MaximumRetryCount < 0) throw fail("maximum retry count cannot be negative");
    return;
  }
  if (!unlimitedPolicies.has(Name)) {
    throw fail(`unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (MaximumRetryCount !== 0) {
    const negative = MaximumRetryCount < 0 ? " and cannot be negative" : "";
    throw fail(`maximum retry count can only be used with 'on-failure'${negative}`);
  }
}

/** The parts of a record that a restart is decided by. */
export type RestartFacts = Pick<
  ContainerRecord,
  "hostConfig" | "exitCode" | "restartCount" | "manuallyStopped"
>;

/** Whether a container that has just ended is started again; one that was stopped on request is not. */
export function restartsAfterExit(record: RestartFacts): boolean {
  return !record.manuallyStopped && wantsRestart(record);
}

/** Whether a new engine starts a container that has ended: `always` does even if it was stopped on request. */
export function restartsWithEngine(record: RestartFacts): boolean {
  const { Name } = record.hostConfig.RestartPolicy;
  return (
    Name === "always" || (!(Name === "unless-stopped" && record.manuallyStopped) && wantsRestart(record))
  );
}

function wantsRestart({ hostConfig, exitCode, restartCount }: RestartFacts): boolean {
  const { Name, MaximumRetryCount } = hostConfig.RestartPolicy;
  switch (Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return exitCode !== 0 && (MaximumRetryCount === 0 || restartCount < MaximumRetryCount);
    default:
      return false;
  }
}

/** How long to wait before the next start, of the delay before (0 for none) and how long the run took. */
export function restartDelayMs(previousMs: number, ranMs: number): number {
  if (previousMs === 0 || ranMs >= steadyMs) return firstDelayMs;
  return Math.min(previousMs * 2, longestDelayMs);
}
