import { EngineError, messageOf } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Layout } from "../../core/layout.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { requireServed, unservedTypes } from "../../core/plugin/served-types.ts";
import { changeSettings } from "../../core/plugin/settings.ts";
import type { Host } from "../../core/ports/host.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import type { PluginCatalog } from "./plugin-catalog.ts";
import type { Supervisor } from "./supervisor.ts";

export interface PluginLifecycleOptions {
  readonly state: Pick<State, "plugins" | "adoptions">;
  readonly catalog: PluginCatalog;
  readonly supervisor: Supervisor;
  readonly garbage: GarbageCollector;
  readonly host: Host;
  readonly layout: Layout;
  /** The queue of operations per plugin ID that the catalog has. */
  readonly queue: KeyedQueue;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

/** What an installed plugin goes through. Names are taken as typed: a name, an ID or an unambiguous prefix of one. */
export class PluginLifecycle {
  readonly #options: PluginLifecycleOptions;

  constructor(options: PluginLifecycleOptions) {
    this.#options = options;
  }

  async enable(typed: string, timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    await this.#options.catalog.exclusively(typed, async (found) => {
      if (found.enabled) {
        throw new EngineError("conflict", `plugin already enabled: plugin ${found.name} is enabled`);
      }
      requireServed(found.name, found.config);
      const { supervisor, state, logger } = this.#options;
      const unserved = unservedTypes(found.config);
      if (unserved.length > 0)
        logger.warn(
          { plugin: found.id, name: found.name, types: unserved.join(", ") },
          "plugin has types that Davit does not use",
        );
      const record: PluginRecord = { ...found, enabled: true, timeoutSeconds };
      await supervisor.start(record, signal);
      try {
        state.plugins.put(record);
      } catch (error) {
        // On a full disk: what runs without being on record could not be stopped by command.
        await supervisor.stop(record);
        throw error;
      }
      this.#publish("enable", record.id, typed);
    });
  }

  async disable(typed: string, options: { readonly force: boolean }): Promise<void> {
    await this.#options.catalog.exclusively(typed, async (record) => {
      if (!options.force) this.#options.catalog.requireUnused(record);
      if (!record.enabled) {
        throw new EngineError(
          "conflict",
          `plugin is already disabled: plugin ${record.name} found but disabled`,
        );
      }
      this.#options.catalog.requireNotGuarding(record);
      await this.#stop(record);
      this.#publish("disable", record.id, typed);
    });
  }

  /** Changes settings, all or none. */
  async set(typed: string, assignments: readonly string[]): Promise<void> {
    await this.#options.catalog.exclusively(typed, (record) => {
      if (record.enabled) {
        throw new EngineError("conflict", "cannot set on an active plugin, disable plugin before setting");
      }
      const settings = changeSettings(record.config, record.settings, assignments);
      this.#options.state.plugins.put({ ...record, settings });
      return Promise.resolve();
    });
  }

  async remove(typed: string, options: { readonly force: boolean }): Promise<void> {
    const { state, supervisor, garbage, logger } = this.#options;
    await this.#options.catalog.exclusively(typed, async (record) => {
      if (!options.force) {
        this.#options.catalog.requireUnused(record);
        if (record.enabled) throw new EngineError("conflict", `plugin ${record.name} is enabled`);
      }
      this.#options.catalog.requireNotGuarding(record);
      if (record.enabled) await this.#stop(record);
      else await supervisor.takeDown(record);
      state.plugins.remove(record.id);
      this.#publish("remove", record.id, typed);
      await this.#removeFiles(record).catch((error: unknown) => {
        logger.error(
          { plugin: record.id, err: error },
          "directory of a removed plugin stays until the next start",
        );
      });
      await garbage.collect();
    });
  }

  /** Brings every plugin into line with its record, all at once; resolves when each has been tried. */
  async restore(): Promise<void> {
    const { queue, state, supervisor, logger } = this.#options;
    await Promise.all(
      this.#options.catalog.all().map(({ id }) =>
        queue.run(id, async () => {
          const record = state.plugins.get(id);
          if (record === undefined) return;
          await supervisor.reconcile(record).catch((error: unknown) => {
            logger.error({ plugin: id, reason: messageOf(error) }, "plugin could not be brought into line");
          });
        }),
      ),
    );
  }

  /** Stops every plugin and lets none restart; what is wanted of each stays as it is. */
  async stopAll(): Promise<void> {
    const { queue, supervisor, logger } = this.#options;
    await supervisor.dismissAll();
    supervisor.close();
    await Promise.all(
      this.#options.catalog.enabled().map((record) =>
        queue.run(record.id, () =>
          supervisor.stop(record).catch((error: unknown) => {
            logger.error({ plugin: record.id, err: error }, "plugin could not be stopped");
          }),
        ),
      ),
    );
  }

  /** A directory that was adopted stays, with all that was in it. */
  async #removeFiles({ id }: PluginRecord): Promise<void> {
    const { state, host, layout } = this.#options;
    const { dir, log, propagatedMount } = layout.plugin(id);
    const adoption = state.adoptions.get(id);
    if (adoption === undefined) return host.removeTree(dir);
    for (const path of [log, propagatedMount]) {
      if (!adoption.originals.includes(path.slice(dir.length + 1))) await host.removeTree(path);
    }
  }

  /** The wish is stored before the process is stopped: a crash in between is reconciled at the next start. */
  async #stop(record: PluginRecord): Promise<void> {
    this.#options.state.plugins.put({ ...record, enabled: false });
    await this.#options.supervisor.stop(record);
  }

  #publish(action: string, id: string, name: string): void {
    this.#options.events.publish({ type: "plugin", action, id, attributes: { name } });
  }
}
