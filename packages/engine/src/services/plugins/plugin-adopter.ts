import { EngineError, isCanceled, messageOf } from "../../core/errors.ts";
import type { EventPublisher } from "../../core/events.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import {
  type FormerPlugin,
  parseFormerIndex,
  readFormerPlugin,
  requireFormerId,
} from "../../core/plugin/former.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { requireServed } from "../../core/plugin/served-types.ts";
import type { FormerPlugins } from "../../core/ports/former-plugins.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { State } from "../../core/ports/state.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import type { PluginCreator } from "./plugin-creator.ts";
import { rootfsKeyFor } from "./plugin-installer.ts";

export interface PluginAdopterOptions {
  readonly state: State;
  readonly formerPlugins: FormerPlugins;
  readonly creator: PluginCreator;
  readonly garbage: GarbageCollector;
  /** One queue of operations per plugin ID and per name that is about to be taken. */
  readonly queue: KeyedQueue;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

type Index = ReadonlyMap<string, unknown>;

interface Found {
  readonly id: string;
  readonly former: FormerPlugin;
  readonly originals: readonly string[];
}

/**
 * Takes over plugins whose directories were made by hand or by a Docker Engine. The directory is read and stays as it is; its
 * name is the plugin's ID. Each is taken over once, whole or not at all: the record is written when the rest is stored, and
 * what a killed engine left of the rest is garbage.
 */
export class PluginAdopter {
  readonly #options: PluginAdopterOptions;

  constructor(options: PluginAdopterOptions) {
    this.#options = options;
  }

  /** Takes over what is there and new, each by itself; what cannot be is logged by name and tried again at the next start. */
  async adoptAll(signal: AbortSignal): Promise<void> {
    const { formerPlugins, logger } = this.#options;
    const index = await this.#index();
    const names = await formerPlugins.names();
    await this.#forgetGone(new Set([...names, ...index.keys()]));
    const candidates = [...new Set([...names, ...index.keys()])].filter((id) => !this.#isKnown(id)).sort();
    const attempt = async <Result>(id: string, work: () => Promise<Result>): Promise<Result | undefined> => {
      try {
        return await work();
      } catch (error) {
        if (isCanceled(error)) logger.info({ id }, "taking over a plugin was broken off");
        else logger.error({ id, reason: messageOf(error) }, `plugin ${id} cannot be taken over`);
        return undefined;
      }
    };
    const read = await Promise.all(candidates.map((id) => attempt(id, () => this.#read(id, index))));
    // In order, so that of two with the same name it is always the first; one after the other, so that a daemon that is not
    // given the time for all of them has taken over some.
    for (const found of read) {
      if (found !== undefined && !signal.aborted) await attempt(found.id, () => this.#adopt(found, signal));
    }
  }

  /** Malformed as a whole it names nothing; directories of the later form do without it. */
  async #index(): Promise<Index> {
    try {
      const text = await this.#options.formerPlugins.index();
      return text === undefined ? new Map() : parseFormerIndex(text);
    } catch (error) {
      this.#options.logger.error({ reason: messageOf(error) }, "plugins.json cannot be read");
      return new Map();
    }
  }

  /** A plugin that was removed comes back only if its directory was away meanwhile. */
  async #forgetGone(present: ReadonlySet<string>): Promise<void> {
    const { state, formerPlugins } = this.#options;
    for (const { id } of state.adoptions.list()) {
      if (present.has(id) || state.plugins.get(id) !== undefined) continue;
      if (!(await formerPlugins.isOccupied(id))) state.adoptions.remove(id);
    }
  }

  #isKnown(id: string): boolean {
    const { state } = this.#options;
    return state.plugins.get(id) !== undefined || state.adoptions.get(id) !== undefined;
  }

  async #read(id: string, index: Index): Promise<Found> {
    const { formerPlugins } = this.#options;
    requireFormerId(id);
    const files = await formerPlugins.read(id);
    if (files === undefined) throw new EngineError("invalid", "its directory is missing");
    const entry = index.has(id) ? { value: index.get(id) } : undefined;
    return { id, former: readFormerPlugin(id, entry, files), originals: files.entries };
  }

  async #adopt(found: Found, signal: AbortSignal): Promise<void> {
    const { queue, logger } = this.#options;
    const { id, former } = found;
    await queue.run(`name ${former.name}`, async () => {
      this.#requireFree(former.name);
      logger.info({ id, name: former.name }, `taking over plugin ${former.name} from its directory`);
      await this.#leased(() => this.#store(found, signal));
      logger.info({ id, name: former.name }, `took over plugin ${former.name}`);
    });
  }

  #requireFree(name: string): void {
    const holder = this.#options.state.plugins.list().find((record) => record.name === name);
    if (holder === undefined) return;
    throw new EngineError("conflict", `the name ${name} is taken by plugin ${holder.id}`);
  }

  async #store({ id, former: plugin, originals }: Found, signal: AbortSignal): Promise<void> {
    const { state, formerPlugins, creator, events } = this.#options;
    const { config: written, ...former } = plugin;
    const rootfs = formerPlugins.rootfs(id, signal);
    const packed = await creator.pack(rootfs, () => Promise.resolve(written), signal);
    const rootfsKey = rootfsKeyFor(id);
    const enabled = former.enabled && this.#isServed(former.name, packed);
    const record: PluginRecord = { id, ...former, ...packed, enabled, timeoutSeconds: 0, rootfsKey };
    state.transaction(() => {
      state.plugins.put(record);
      state.adoptions.put({ id, originals });
    });
    events.publish({ type: "plugin", action: "create", id, attributes: { name: former.name } });
  }

  #isServed(name: string, { config }: Pick<PluginRecord, "config">): boolean {
    try {
      requireServed(name, config);
      return true;
    } catch (error) {
      this.#options.logger.warn(
        { name, reason: messageOf(error) },
        "plugin was active and is taken over disabled",
      );
      return false;
    }
  }

  async #leased(work: () => Promise<void>): Promise<void> {
    const { garbage } = this.#options;
    try {
      await garbage.withLease(work);
    } catch (error) {
      await garbage.collect();
      throw error;
    }
  }
}
