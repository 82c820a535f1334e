import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import { elapsed } from "./elapsed.ts";
import type { LogDrivers } from "./log-drivers.ts";

export interface WatchedPlugin {
  readonly connection: PluginConnection | undefined;
  pluginChanged(): void;
  look(): void;
}

const lookEveryMs = 1_000;

/**
 * Notices when another process serves under a log driver's name: one look at a time for each name that is in use. Of one that was
 * started anew at the same TCP address only the pipes tell, which nobody reads any more.
 */
export class PluginWatch {
  readonly #drivers: Pick<LogDrivers, "plugin">;
  readonly #users = new Map<string, Set<WatchedPlugin>>();
  readonly #closing = new AbortController();

  constructor(drivers: Pick<LogDrivers, "plugin">) {
    this.#drivers = drivers;
  }

  add(name: string, user: WatchedPlugin): () => void {
    const known = this.#users.get(name);
    const users = known ?? new Set();
    users.add(user);
    if (known === undefined) {
      this.#users.set(name, users);
      void this.#look(name, users);
    }
    return () => {
      users.delete(user);
      if (users.size === 0 && this.#users.get(name) === users) this.#users.delete(name);
    };
  }

  async #look(name: string, users: ReadonlySet<WatchedPlugin>): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await elapsed(lookEveryMs, signal);
      if (signal.aborted || this.#users.get(name) !== users) return;
      for (const user of users) user.look();
      const current = await this.#current(name);
      if (current === undefined) continue;
      for (const user of users) {
        if (user.connection !== undefined && user.connection !== current) user.pluginChanged();
      }
    }
  }

  /** Undefined while nobody serves. */
  async #current(name: string): Promise<PluginConnection | undefined> {
    try {
      const limit = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(lookEveryMs)]);
      return (await this.#drivers.plugin(name, limit)).connection;
    } catch {
      return undefined;
    }
  }

  close(): void {
    this.#closing.abort();
  }
}
