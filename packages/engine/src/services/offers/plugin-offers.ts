import { EngineError } from "../../core/errors.ts";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import { offeredInterfaces, offerName } from "../../core/plugin/offer.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import type { State } from "../../core/ports/state.ts";
import type { PluginCatalog } from "../plugins/plugin-catalog.ts";
import type { OfferedDoors } from "./offered-doors.ts";

export interface PluginOffersOptions {
  readonly state: Pick<State, "plugins">;
  readonly catalog: PluginCatalog;
  readonly doors: OfferedDoors;
}

/** What was agreed: the plugin's name for other engines, and where they find it. */
export interface Offer {
  readonly name: string;
  readonly socket: string;
}

/** Offers plugins to other engines on the host: by name, in the directory where engines look for plugins that they do not run. */
export class PluginOffers {
  readonly #options: PluginOffersOptions;
  /** One queue per name that is about to be taken. */
  readonly #names = new KeyedQueue();

  constructor(options: PluginOffersOptions) {
    this.#options = options;
  }

  /** Offers a plugin, from now on and whenever it is up; under another name than before if it is. Empty: the last part of its own name. */
  async offer(typed: string, as: string): Promise<Offer> {
    const { state, catalog, doors } = this.#options;
    const record = catalog.find(typed);
    const name = offerName(record, as);
    const open = async (current: PluginRecord): Promise<void> => {
      this.#requireUsable(current);
      this.#requireFree(current, name);
      await doors.open(current, name);
      try {
        state.plugins.put({ ...current, offeredAs: name });
      } catch (error) {
        // On a full disk: what is not on record could not be withdrawn by command.
        await doors.close(current.id);
        if (current.offeredAs !== undefined) await doors.open(current, current.offeredAs);
        throw error;
      }
    };
    await this.#names.run(name, () => catalog.exclusively(record.id, open));
    return { name, socket: doors.path(name) };
  }

  async withdraw(typed: string): Promise<void> {
    const { state, catalog, doors } = this.#options;
    await catalog.exclusively(typed, async (record) => {
      const { offeredAs, ...rest } = record;
      if (offeredAs === undefined) {
        throw new EngineError("conflict", `plugin ${record.name} is not offered`);
      }
      state.plugins.put(rest);
      await doors.close(record.id);
    });
  }

  #requireUsable({ name, config }: PluginRecord): void {
    if (offeredInterfaces(config).implements.length > 0) return;
    throw new EngineError(
      "invalid",
      `offering ${name}: other engines can use volume, network, IPAM and authorization plugins only, and it is none`,
    );
  }

  #requireFree({ id }: PluginRecord, name: string): void {
    const holder = this.#options.state.plugins.list().find((other) => other.offeredAs === name);
    if (holder === undefined || holder.id === id) return;
    throw new EngineError("conflict", `plugin ${holder.name} is offered as ${name} already`);
  }
}
