import { constants } from "node:os";
import { EngineError } from "../../core/errors.ts";

const realTime = { MIN: 34, MAX: 64 } as const;
const names: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));

/** `SIGTERM`, `term`, `15` or `SIGRTMIN+3` as a number. */
export function signalNumber(signal: string): number {
  const upper = signal.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const number = /^\d+$/.test(signal) ? Number(signal) : (names.get(name) ?? realTimeSignal(name));
  if (number === undefined || number < 1 || number > realTime.MAX) {
    throw new EngineError("invalid", `invalid signal: ${signal}`);
  }
  return number;
}

function realTimeSignal(name: string): number | undefined {
  const match = /^SIGRT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (match === null) return undefined;
  return (match[1] === "MIN" ? realTime.MIN : realTime.MAX) + Number(match[2] ?? "0");
}
