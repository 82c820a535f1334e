import { renameSync } from "node:fs";
import { mkdir, mkdtemp, open, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { type Digest, digestSchema } from "@davit/protocol";
import * as z from "zod";
import { errnoOf, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import { removeTree } from "./remove-tree.ts";

const recordSchema = z.object({
  diffId: digestSchema,
  sizeBytes: z.number().int().nonnegative(),
  opaqueRoot: z.boolean(),
});

type LayerRecord = z.output<typeof recordSchema>;

/** A layer that is there whole: `layers/<name>/fs`, and what is known of it in `layers/<name>/layer.json`. */
export type StoredLayer = LayerRecord & {
  /** A small number, which keeps the list of lower directories short. */
  readonly name: string;
};

/** The directories of layers. One appears by a rename and disappears by one. */
export class LayerStore {
  readonly #root: string;
  readonly #layers = new Map<Digest, StoredLayer>();
  #lastNumber = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(root: string, logger: Logger | undefined): Promise<LayerStore> {
    const store = new LayerStore(root);
    await removeTree(store.#staging);
    await mkdir(store.#staging, { recursive: true, mode: 0o700 });
    await mkdir(`${root}/layers`, { recursive: true, mode: 0o700 });
    for (const name of await readdir(`${root}/layers`)) await store.#load(name, logger);
    return store;
  }

  get #staging(): string {
    return `${this.#root}/staging`;
  }

  find(diffId: Digest): StoredLayer | undefined {
    return this.#layers.get(diffId);
  }

  list(): Digest[] {
    return [...this.#layers.keys()];
  }

  /** A new directory for work in progress; gone with the next start. */
  stage(): Promise<string> {
    return mkdtemp(`${this.#staging}/`);
  }

  /** Writes the record of a staged layer; what is staged must be synced before it is committed. */
  async describe(staged: string, record: LayerRecord): Promise<void> {
    await writeFile(`${staged}/layer.json`, JSON.stringify(recordSchema.parse(record)));
  }

  /** Takes a staged layer in; if it came by another way meanwhile, that one stays and the staged one is left. */
  async commit(staged: string, record: LayerRecord): Promise<StoredLayer> {
    const there = this.#layers.get(record.diffId);
    if (there !== undefined) return there;
    this.#lastNumber += 1;
    const layer = { ...record, name: String(this.#lastNumber) };
    // Synchronous: between the look and the entry nobody else may commit the same layer.
    renameSync(staged, `${this.#root}/layers/${layer.name}`);
    this.#layers.set(record.diffId, layer);
    await syncDirectory(`${this.#root}/layers`);
    return layer;
  }

  async remove(diffId: Digest): Promise<void> {
    const layer = this.#layers.get(diffId);
    if (layer === undefined) return;
    this.#layers.delete(diffId);
    await this.discard(`${this.#root}/layers/${layer.name}`);
  }

  /** Removes a directory of this root; a kill leaves it whole or in the staging directory. */
  async discard(dir: string): Promise<void> {
    const trash = await this.stage();
    try {
      await rename(dir, `${trash}/removed`);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    } finally {
      await removeTree(trash);
    }
  }

  async #load(name: string, logger: Logger | undefined): Promise<void> {
    const dir = `${this.#root}/layers/${name}`;
    try {
      const record = recordSchema.parse(JSON.parse(await readFile(`${dir}/layer.json`, "utf8")));
      if (!/^[1-9][0-9]*$/.test(name)) throw new Error("not a layer's name");
      if (this.#layers.has(record.diffId)) throw new Error("another directory holds the same layer");
      this.#layers.set(record.diffId, { ...record, name });
      this.#lastNumber = Math.max(this.#lastNumber, Number(name));
    } catch (error) {
      logger?.warn({ layer: dir, reason: messageOf(error) }, "removing a layer that is not sound");
      await this.discard(dir);
    }
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
