import { EngineError } from "../errors.ts";

/**
 * A time as clients write it in `since` and `until`: seconds since 1970 with an optional fraction, or RFC 3339.
 * Empty and 0 mean none.
 */
export function parseLogTime(name: string, text: string): Date | undefined {
  if (text === "" || text === "0") return undefined;
  const seconds = /^(-?\d+)(?:\.(\d{1,9})\d*)?$/.exec(text);
  const milliseconds =
    seconds === null
      ? rfc3339(text)
      : Number(seconds[1]) * 1000 + Math.floor(Number((seconds[2] ?? "0").padEnd(9, "0")) / 1_000_000);
  if (milliseconds === undefined || !Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15) {
    throw new EngineError("invalid", `invalid value for "${name}": ${text}`);
  }
  return new Date(milliseconds);
}

function rfc3339(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** How many last lines: all (undefined) unless it is a number; a negative number means all too. */
export function parseTail(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  return Number(text);
}
