import { isCanceled, messageOf } from "../../core/errors.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { collectsMetrics } from "../../core/plugin/served-types.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { CallOptions } from "../../core/ports/plugin-connection.ts";
import type { PluginAttendant, UpPlugin } from "../plugins/plugin-attendant.ts";

const startFailure = "Error starting metrics collector plugin";
const stopFailure = "Error stopping metrics collector plugin";
const startTimeoutMs = 10_000;
/** Nothing is lost by one that does not answer, and whoever stops it waits. */
const stopTimeoutMs = 5_000;

/** A plugin that the engine does not manage, once it has said what it is. */
export interface MetPlugin {
  readonly definition: { readonly name: string };
  serves(capability: "metricscollector"): boolean;
  call(method: string, body: undefined, options: CallOptions): Promise<unknown>;
}

/**
 * Tells plugins that collect metrics when they can, and for how long: the engine's socket is theirs while they run. A collector that refuses
 * is one without metrics and no reason to stop it. https://docs.docker.com/engine/extend/plugins_metrics/
 */
export class MetricsCollectors implements PluginAttendant {
  readonly #logger: Logger;
  readonly #started = new Set<string>();
  /** Those that the engine does not manage, by name. */
  readonly #met = new Map<string, MetPlugin>();

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
      // The engine stops.
      if (isCanceled(error)) return;
      this.#report(record, error, startFailure);
    }
  }

  async goesDown({ record, connection }: UpPlugin): Promise<void> {
    if (!this.#started.delete(record.id)) return;
    try {
      await connection.call("MetricsCollector.StopMetrics", undefined, { timeoutMs: stopTimeoutMs });
    } catch (error) {
      this.#report(record, error, stopFailure);
    }
  }

  fellOver({ id }: PluginRecord): void {
    this.#started.delete(id);
  }

  /** One that the engine does not manage is told when it is met; where the engine's socket is it knows by itself. */
  meet(plugin: MetPlugin): void {
    if (!plugin.serves("metricscollector")) return;
    const { name } = plugin.definition;
    plugin.call("MetricsCollector.StartMetrics", undefined, { timeoutMs: startTimeoutMs }).then(
      () => this.#met.set(name, plugin),
      (error: unknown) => this.#report({ id: "", name }, error, startFailure),
    );
  }

  /** The engine stops. */
  async takeLeave(): Promise<void> {
    await Promise.all(
      [...this.#met].map(async ([name, plugin]) => {
        try {
          await plugin.call("MetricsCollector.StopMetrics", undefined, { timeoutMs: stopTimeoutMs });
        } catch (error) {
          this.#report({ id: "", name }, error, stopFailure);
        }
      }),
    );
    this.#met.clear();
  }

  #report({ id, name }: Pick<PluginRecord, "id" | "name">, error: unknown, message: string): void {
    this.#logger.error({ ...(id !== "" && { plugin: id }), name, reason: messageOf(error) }, message);
  }
}
