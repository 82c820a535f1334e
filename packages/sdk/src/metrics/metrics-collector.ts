import type { Awaitable } from "../awaitable.ts";
import type { Call } from "../rpc/rpc-method.ts";

/**
 * What a plugin does with the engine's metrics. It declares the type `docker.metricscollector/1.0`, and then finds the engine's socket at
 * `engineMetricsSocket`. The engine logs what a method throws and goes on; it waits a few seconds for either.
 */
export interface MetricsCollector {
  /**
   * The plugin was enabled or started anew, or the engine was: the socket answers from now on. Asked again without a stop
   * in between when the engine died.
   */
  startMetrics(call: Call): Awaitable<void>;

  /** The plugin is about to be stopped, or the engine is: the socket answers no more. Plugins outlive their engine. */
  stopMetrics(call: Call): Awaitable<void>;
}
