import { parseLogTime } from "../container/log-time.ts";
import { EngineError } from "../errors.ts";

const unitMs: Readonly<Partial<Record<string, number>>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const durationPattern = /^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/;

/** A time, or a duration before `nowMs` (`24h`, `1h30m`); in milliseconds since 1970. */
export function parsePruneTime(text: string, nowMs: number): number {
  if (durationPattern.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
    return (
      nowMs - parts.reduce((sum, [, count = "0", unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0), 0)
    );
  }
  // Of a date alone the clock's midnight is meant.
  const full = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00` : text;
  try {
    const time = parseLogTime("until", full);
    if (time !== undefined) return time.getTime();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  throw new EngineError("invalid", `failed to parse value as time or duration: ${JSON.stringify(text)}`);
}
