import { integer, parsed, text, toggle } from "../command-line/flag.ts";
import type { FlagValues } from "../command-line/verb.ts";
import { parseDuration } from "../options/moment.ts";

const duration = (help: string) => parsed(help, nanoseconds, { type: "duration" });

/** How a container is asked whether it is well. */
export const healthFlags = {
  healthCmd: text("Command to run to check health"),
  healthInterval: duration("Time between running the check (ms|s|m|h)"),
  healthRetries: integer("Consecutive failures needed to report unhealthy"),
  healthStartInterval: duration("Time between running the check during the start period (ms|s|m|h)"),
  healthStartPeriod: duration(
    "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)",
  ),
  healthTimeout: duration("Maximum time to allow one check to run (ms|s|m|h)"),
  noHealthcheck: toggle("Disable any container-specified HEALTHCHECK"),
} as const;

function nanoseconds(value: string): number {
  const seconds = parseDuration(value);
  if (seconds === undefined) throw new Error(`time: invalid duration "${value}"`);
  if (seconds < 0) throw new Error("cannot be negative");
  return Math.round(seconds * 1e9);
}

/** The part of a container's configuration; undefined leaves it to the image. */
export function healthcheck(flags: FlagValues<typeof healthFlags>): Record<string, unknown> | undefined {
  const given = {
    Test: flags.healthCmd === "" ? undefined : ["CMD-SHELL", flags.healthCmd],
    Interval: flags.healthInterval,
    Timeout: flags.healthTimeout,
    StartPeriod: flags.healthStartPeriod,
    StartInterval: flags.healthStartInterval,
    Retries: flags.healthRetries,
  };
  const isGiven = Object.values(given).some((value) => value !== undefined);
  if (!flags.noHealthcheck) return isGiven ? given : undefined;
  if (isGiven) throw new Error("--no-healthcheck conflicts with --health-* options");
  return { Test: ["NONE"] };
}
