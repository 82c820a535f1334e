import * as z from "zod";
import { EngineError } from "../errors.ts";
import type { Healthcheck } from "./record.ts";

const nanoseconds = z.preprocess((value) => value ?? 0, z.number().int());

/** As clients and images write it. */
const wireSchema = z.object({
  Test: z.preprocess((value) => value ?? [], z.array(z.string())),
  Interval: nanoseconds,
  Timeout: nanoseconds,
  StartPeriod: nanoseconds,
  StartInterval: nanoseconds,
  Retries: nanoseconds,
});
export type WireHealthcheck = z.output<typeof wireSchema>;

const millisecond = 1_000_000;
const second = 1_000 * millisecond;

/** The request's health check, with the image's where it leaves something open; undefined where there is none. */
export function planHealthcheck(asked: unknown, ofImage: unknown): Healthcheck | undefined {
  const own = parse(asked);
  const inherited = parse(ofImage);
  const base = own === undefined ? inherited : merge(own, inherited);
  if (base === undefined) return undefined;
  for (const key of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    if (base[key] !== 0 && base[key] < millisecond) {
      throw new EngineError("invalid", `${key} in Healthcheck cannot be less than 1ms`);
    }
  }
  if (base.Retries < 0) throw new EngineError("invalid", "Retries in Healthcheck cannot be negative");
  const [kind] = base.Test;
  if (kind !== undefined && !["NONE", "CMD", "CMD-SHELL"].includes(kind)) {
    throw new EngineError("invalid", `Unknown healthcheck type '${kind}' (expected 'CMD')`);
  }
  return {
    test: base.Test,
    intervalNs: base.Interval,
    timeoutNs: base.Timeout,
    startPeriodNs: base.StartPeriod,
    startIntervalNs: base.StartInterval,
    retries: base.Retries,
  };
}

function parse(value: unknown): WireHealthcheck | undefined {
  if (value === undefined || value === null) return undefined;
  const parsed = wireSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new EngineError(
    "invalid",
    `invalid Healthcheck: ${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`,
  );
}

function merge(own: WireHealthcheck, inherited: WireHealthcheck | undefined): WireHealthcheck {
  if (inherited === undefined) return own;
  return {
    Test: own.Test.length === 0 ? inherited.Test : own.Test,
    Interval: own.Interval || inherited.Interval,
    Timeout: own.Timeout || inherited.Timeout,
    StartPeriod: own.StartPeriod || inherited.StartPeriod,
    StartInterval: own.StartInterval || inherited.StartInterval,
    Retries: own.Retries || inherited.Retries,
  };
}

/** As inspect shows it. */
export const wireHealthcheck = (check: Healthcheck) => ({
  Test: [...check.test],
  ...(check.intervalNs === 0 ? {} : { Interval: check.intervalNs }),
  ...(check.timeoutNs === 0 ? {} : { Timeout: check.timeoutNs }),
  ...(check.startPeriodNs === 0 ? {} : { StartPeriod: check.startPeriodNs }),
  ...(check.startIntervalNs === 0 ? {} : { StartInterval: check.startIntervalNs }),
  ...(check.retries === 0 ? {} : { Retries: check.retries }),
});

/** What is run to see how a container is, and when; undefined if nothing is to be. */
export interface ProbePlan {
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

export function probePlan(check: Healthcheck | undefined): ProbePlan | undefined {
  const [kind, ...words] = check?.test ?? [];
  if (check === undefined || (kind !== "CMD" && kind !== "CMD-SHELL") || words.length === 0) return undefined;
  const ms = (value: number, otherwise: number): number => (value === 0 ? otherwise : value) / millisecond;
  return {
    command: kind === "CMD" ? words : ["/bin/sh", "-c", words.join(" ")],
    intervalMs: ms(check.intervalNs, 30 * second),
    timeoutMs: ms(check.timeoutNs, 30 * second),
    startPeriodMs: check.startPeriodNs / millisecond,
    startIntervalMs: ms(check.startIntervalNs, 5 * second),
    retries: check.retries === 0 ? 3 : check.retries,
  };
}

export type HealthStatus = "starting" | "healthy" | "unhealthy";

export interface ProbeResult {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly exitCode: number;
  readonly output: string;
}

export interface Health {
  readonly status: HealthStatus;
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly ProbeResult[];
}

const keptResults = 5;

export const startingHealth: Health = { status: "starting", failingStreak: 0, log: [] };

/** The health after a probe; failures do not count while it starts, within its start period. */
export function afterProbe(
  health: Health,
  result: ProbeResult,
  { retries, isStarting }: { readonly retries: number; readonly isStarting: boolean },
): Health {
  const log = [...health.log, result].slice(-keptResults);
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  if (isStarting && health.status === "starting") return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? "unhealthy" : health.status, failingStreak, log };
}
