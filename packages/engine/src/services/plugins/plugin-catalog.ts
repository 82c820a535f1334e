import { parseInterfaceType } from "@davit/protocol";
import type { ContainerRecord } from "../../core/container/record.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import { settingsWithNulls, withNulls } from "../../core/plugin/config-blob.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { localName, resolvePlugin } from "../../core/plugin/resolve.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { State } from "../../core/ports/state.ts";
import type { RunningPlugins } from "../endpoints/managed-endpoints.ts";
import type { Supervisor } from "./supervisor.ts";

export interface PluginCatalogOptions {
  readonly state: Pick<State, "plugins" | "volumes" | "networks" | "containers">;
  readonly supervisor: Supervisor;
  /** One queue of operations per plugin ID. */
  readonly queue: KeyedQueue;
  /** The plugins that authorise requests of the API, as they are configured now. */
  readonly guards: () => readonly string[];
}

export interface PluginFilter {
  readonly enabled: boolean | undefined;
  /** Patterns, one of which each of a plugin's capabilities must match. */
  readonly capabilities: readonly RegExp[];
}

/** The plugins that are installed: finding and showing them, and taking turns at one. */
export class PluginCatalog implements RunningPlugins {
  readonly #options: PluginCatalogOptions;

  constructor(options: PluginCatalogOptions) {
    this.#options = options;
  }

  all(): readonly PluginRecord[] {
    return this.#options.state.plugins.list();
  }

  list(filter: PluginFilter): PluginView[] {
    return this.all()
      .filter(({ enabled }) => filter.enabled === undefined || filter.enabled === enabled)
      .filter((record) => filter.capabilities.length === 0 || hasCapability(record, filter.capabilities))
      .map(toApi);
  }

  inspect(name: string): PluginView {
    return toApi(this.find(name));
  }

  find(name: string): PluginRecord {
    return resolvePlugin(this.all(), name);
  }

  enabled(): readonly PluginRecord[] {
    return this.all().filter(({ enabled }) => enabled);
  }

  connection(record: PluginRecord, signal?: AbortSignal): Promise<PluginConnection> {
    return this.#options.supervisor.connection(record, signal);
  }

  /** Runs work in the plugin's queue, with its record as it is when its turn comes; `typed` is a name, an ID or a prefix. */
  async exclusively(typed: string, work: (record: PluginRecord) => Promise<void>): Promise<void> {
    const { id } = this.find(typed);
    await this.#options.queue.run(id, () => {
      const record = this.#options.state.plugins.get(id);
      if (record === undefined) throw new EngineError("not-found", `plugin "${typed}" not found`);
      return work(record);
    });
  }

  /**
   * Conflict while requests of the API are authorised by the plugin, whatever the force: without it each would be denied, the
   * one that enables it again too.
   */
  requireNotGuarding(record: PluginRecord): void {
    const isMeant = (typed: string): boolean => {
      try {
        return this.find(typed).id === record.id;
      } catch {
        return false;
      }
    };
    if (!this.#options.guards().some(isMeant)) return;
    throw new EngineError(
      "conflict",
      `plugin ${record.name} is in use: it authorises every request; take it out of authorization-plugins and reload the daemon first`,
    );
  }

  /**
   * Conflict while any volume or network is the plugin's, or has its addresses of it, whether a container uses it or not; or while a
   * container that runs logs to it.
   */
  requireUnused({ name }: PluginRecord): void {
    const { volumes, networks, containers } = this.#options.state;
    const logsToIt = (container: ContainerRecord): boolean =>
      hasProcess(container) && localName(container.hostConfig.LogConfig.Type) === name;
    const isUsed =
      containers.list().some(logsToIt) ||
      volumes.list().some(({ driver }) => driver === name) ||
      networks.list().some(({ driver, ipam }) => driver === name || ipam.driver === name);
    if (isUsed) throw new EngineError("conflict", `plugin ${name} is in use`);
  }
}

/** A plugin of several types counts only if every one matches; one without types always does. */
const hasCapability = ({ config }: PluginRecord, patterns: readonly RegExp[]): boolean =>
  config.Interface.Types.map(parseInterfaceType).every(({ capability }) =>
    patterns.some((pattern) => pattern.test(capability)),
  );

/** What clients are shown of a plugin. */
export type PluginView = ReturnType<typeof toApi>;

const toApi = (record: PluginRecord) => ({
  Config: withNulls(record.config),
  Enabled: record.enabled,
  Id: record.id,
  Name: record.name,
  PluginReference: record.reference,
  Settings: settingsWithNulls(record.settings),
  // Left out for the others, whose answers are Docker Engine's to the letter.
  OfferedAs: record.offeredAs,
});
