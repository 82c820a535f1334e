import { messageOf } from "../../core/errors.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { collectsMetrics } from "../../core/plugin/served-types.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginAttendant, UpPlugin } from "../plugins/plugin-attendant.ts";

const startTimeoutMs = 10_000;
/** Nothing is lost by one that does not answer, and whoever stops it waits. */
const stopTimeoutMs = 5_000;

/**
 * Tells plugins that collect metrics when they can, and for how long: the engine's socket is theirs while they run. A collector that refuses
 * is one without metrics and no reason to stop it. https://docs.docker.com/engine/extend/plugins_metrics/
 */
export class MetricsCollectors implements PluginAttendant {
  readonly #logger: Logger;
  readonly #started = new Set<string>();

  constructor({ logger }: { readonly logger: Logger }) {
    this.#logger = logger;
  }

  async cameUp({ record, connection }: UpPlugin, signal: AbortSignal): Promise<void> {
    if (!collectsMetrics(record.config)) return;
    try {
      await connection.call("MetricsCollector.StartMetrics", undefined, {
        timeoutMs: startTimeoutMs,
        signal,
      });
      this.#started.add(record.id);
    } catch (error) {
      this.#report(record, error, "Error starting metrics collector plugin");
    }
  }

  async goesDown({ record, connection }: UpPlugin): Promise<void> {
    if (!this.#started.delete(record.id)) return;
    try {
      await connection.call("MetricsCollector.StopMetrics", undefined, { timeoutMs: stopTimeoutMs });
    } catch (error) {
      this.#report(record, error, "Error stopping metrics collector plugin");
    }
  }

  fellOver({ id }: PluginRecord): void {
    this.#started.delete(id);
  }

  #report({ id, name }: PluginRecord, error: unknown, message: string): void {
    this.#logger.error({ plugin: id, name, reason: messageOf(error) }, message);
  }
}
