import { EngineError } from "../errors.ts";

/** What a plugin's process does now, as opposed to what is wanted of it. */
export type PluginPhase = "stopped" | "starting" | "running" | "backing-off" | "stopping";

export type PluginTransition = "start" | "listening" | "failed" | "exited" | "retry" | "stop";

const table: Readonly<Record<PluginPhase, Partial<Record<PluginTransition, PluginPhase>>>> = {
  stopped: { start: "starting" },
  starting: { listening: "running", failed: "stopped", stop: "stopping", exited: "backing-off" },
  running: { exited: "backing-off", stop: "stopping" },
  "backing-off": { retry: "starting", start: "starting", stop: "stopped" },
  // Until it is forgotten: a plugin that nobody watches is stopped.
  stopping: {},
};

/** The phase after a transition; internal if the table has none, which is a fault of the engine. */
export function nextPhase(phase: PluginPhase, transition: PluginTransition): PluginPhase {
  const next = table[phase][transition];
  if (next === undefined) {
    throw new EngineError("internal", `plugin cannot go from ${phase} by ${transition}`);
  }
  return next;
}

const firstDelayMs = 100;
const longestDelayMs = 60_000;
/** A plugin that ran this long is taken to be well again. */
export const healthyAfterMs = 10_000;

/** How long to wait before the n-th restart in a row (from 0): 0.1 s, doubled each time, a minute at most. */
export const restartDelayMs = (failures: number): number =>
  Math.min(firstDelayMs * 2 ** Math.min(failures, 20), longestDelayMs);
