import { type Logger } from "../../core/ports/logger.ts";
import { collectGarbage, type GarbageStores } from "./collect-garbage.ts";

/**
 * Collects garbage only while nobody is adding anything. Work that stores blobs or layers and then writes the record
 * that names them holds a lease; a collection that is asked for meanwhile happens when the last lease ends, so neither a
 * long pull delays a removal nor a removal takes what a pull has just fetched.
 */
export class GarbageCollector {
  readonly #stores: GarbageStores;
  readonly #logger: Logger;
  #leases = 0;
  #isDue = false;
  #collection: Promise<void> | undefined;

  constructor(stores: GarbageStores, logger: Logger) {
    this.#stores = stores;
    this.#logger = logger;
  }

  /** Runs work during which nothing is collected. */
  async withLease<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.#collection !== undefined) await this.#collection;
    this.#leases++;
    try {
      return await work();
    } finally {
      this.#leases--;
      if (this.#leases === 0 && this.#isDue) void this.#collect();
    }
  }

  /** Collects now, or after the last lease; then it does not wait. Failures are logged: the next collection tries again. */
  async collect(): Promise<void> {
    this.#isDue = true;
    if (this.#leases > 0) return;
    await this.#collect();
  }

  async #collect(): Promise<void> {
    while (this.#collection !== undefined) await this.#collection;
    if (!this.#isDue || this.#leases > 0) return;
    this.#isDue = false;
    this.#collection = this.#run();
    await this.#collection;
  }

  async #run(): Promise<void> {
    try {
      const collected = await collectGarbage(this.#stores, this.#logger);
      if (collected.blobs + collected.layers + collected.writableDirs > 0) {
        this.#logger.debug(collected, "collected garbage");
      }
    } catch (error) {
      this.#logger.warn({ err: error }, "could not collect garbage");
    } finally {
      this.#collection = undefined;
    }
  }
}
