import { EngineError, messageOf } from "../../core/errors.ts";
import { builtInLogDrivers, isBuiltInLogDriver, type LogConfig } from "../../core/log/log-config.ts";
import type { JournalLogs } from "../../core/ports/logs.ts";
import type { PluginEndpoint, PluginEndpoints } from "../endpoints/plugin-endpoint.ts";

export interface LogDriversOptions {
  readonly endpoints: PluginEndpoints;
  /** Of containers that ask for nothing else. */
  readonly defaults: LogConfig;
  readonly journal: Pick<JournalLogs, "isThere">;
}

/** Every log driver by name. */
export class LogDrivers {
  readonly #options: LogDriversOptions;

  constructor(options: LogDriversOptions) {
    this.#options = options;
  }

  get defaults(): LogConfig {
    return this.#options.defaults;
  }

  /** Fails, in the Engine's words, for a driver that there is not. Not of kind not-found: clients take that for a missing image. */
  async check(name: string, signal?: AbortSignal): Promise<void> {
    if (name === "journald") return checkJournal(this.#options.journal.isThere());
    if (isBuiltInLogDriver(name)) return;
    try {
      await this.plugin(name, signal);
    } catch (error) {
      throw new EngineError("invalid", messageOf(error), { cause: error });
    }
  }

  plugin(name: string, signal?: AbortSignal): Promise<PluginEndpoint> {
    const { endpoints } = this.#options;
    return this.#found(name, () => endpoints.get(name, "logdriver", signal));
  }

  /** For a start that cannot go on without it: one that is not there yet is waited for. */
  awaitedPlugin(name: string, signal?: AbortSignal): Promise<PluginEndpoint> {
    const { endpoints } = this.#options;
    return this.#found(name, () => endpoints.waitFor(name, "logdriver", signal));
  }

  async #found(name: string, find: () => Promise<PluginEndpoint>): Promise<PluginEndpoint> {
    try {
      return await find();
    } catch (error) {
      const kind = error instanceof EngineError ? error.kind : "internal";
      const message = `error looking up logging plugin ${name}: ${messageOf(error)}`;
      throw new EngineError(kind, message, { cause: error });
    }
  }
}

export function checkJournal(isThere: boolean): void {
  if (!isThere) throw new EngineError("invalid", "journald is not enabled on this host");
}

/** As `info` lists them. */
export const listedLogDrivers = (hasJournal: boolean): readonly string[] =>
  builtInLogDrivers.filter((name) => name !== "none" && (name !== "journald" || hasJournal));
