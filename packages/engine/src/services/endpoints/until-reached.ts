import { EngineError, messageOf, PluginUnreachable } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { DefinitionWatch } from "../../core/ports/plugin-discovery.ts";

export interface Persistence {
  /** For the log. */
  readonly plugin: string;
  readonly watch: () => Promise<DefinitionWatch>;
  /** How long to go on trying after the first failure. */
  readonly windowMs: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** A file that has just appeared may not be written yet. */
const writingMs = 1_000;
/** Between bind(2) and listen(2) there is no event. */
const listeningMs = 64;

/**
 * Tries again what failed because the plugin was not found or not connected, so that it has received nothing: as soon as anything
 * changes where it is defined or listens, else after 1, 2, 4 … s, and at the end of the window for the last time.
 */
export async function untilReached<Result>(
  attempt: () => Promise<Result>,
  persistence: Persistence,
): Promise<Result> {
  const { plugin, windowMs, logger } = persistence;
  try {
    return await attempt();
  } catch (error) {
    if (!isMissing(error) || windowMs === 0) throw error;
    logger.warn(
      { plugin, reason: messageOf(error), seconds: windowMs / 1000 },
      "plugin is not there: it is waited for",
    );
  }
  try {
    const result = await tryAgain(attempt, persistence);
    logger.info({ plugin }, "plugin is there");
    return result;
  } catch (error) {
    logger.info({ plugin, reason: messageOf(error) }, "plugin is not waited for any more");
    throw error;
  }
}

async function tryAgain<Result>(
  attempt: () => Promise<Result>,
  { plugin, watch, windowMs, signal }: Persistence,
): Promise<Result> {
  const endsAt = performance.now() + windowMs;
  // Watched before it is tried: what comes in between is told at once.
  using watching = await watch();
  // One that was not told while it was waited for is told later, also in the middle of an attempt.
  let change = watching.changed();
  let [backoffMs, shortMs, writtenBy] = [1_000, Number.POSITIVE_INFINITY, 0];
  for (;;) {
    let waitMs: number;
    try {
      return await attempt();
    } catch (error) {
      const leftMs = endsAt - performance.now();
      if (isBroken(error)) {
        if (writtenBy === 0) writtenBy = performance.now() + writingMs;
        waitMs = writtenBy - performance.now();
        if (waitMs <= 0) throw error;
      } else if (!isMissing(error) || leftMs <= 0) {
        throw error;
      } else if (shortMs <= listeningMs) {
        waitMs = shortMs;
        shortMs *= 2;
      } else {
        waitMs = Math.min(backoffMs, leftMs);
        backoffMs *= 2;
      }
    }
    if (!(await firstOf(change, waitMs, { plugin, signal }))) continue;
    change = watching.changed();
    shortMs = 1;
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof PluginUnreachable || (error instanceof EngineError && error.kind === "not-found");

const isBroken = (error: unknown): boolean => error instanceof EngineError && error.kind === "invalid";

/** Whether there was a change before the time was up. */
async function firstOf(
  changed: Promise<void>,
  waitMs: number,
  { plugin, signal }: Pick<Persistence, "plugin" | "signal">,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, waitMs, false);
  const onAbort = (): void => reject(new EngineError("canceled", `waiting for plugin ${plugin}: canceled`));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  void changed.then(() => resolve(true));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
