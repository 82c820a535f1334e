import type { State, Table, VolumeUses } from "../../engine/src/core/ports/state.ts";
import type { VolumeUse } from "../../engine/src/core/volume/record.ts";

/** A State that lasts as long as the object; records are copied in and out, as a database would. */
export class MemoryState implements State {
  readonly plugins: State["plugins"] = new MemoryTable((record) => record.id);
  readonly volumes: State["volumes"] = new MemoryTable((record) => record.name);
  readonly containers: State["containers"] = new MemoryTable((record) => record.id);
  readonly images: State["images"] = new MemoryTable((record) => record.id);
  readonly volumeUses: VolumeUses = new MemoryVolumeUses();

  /** Does not roll back: a test whose transaction fails has failed. */
  transaction<Result>(work: () => Result): Result {
    return work();
  }

  close(): void {
    // Nothing is held.
  }
}

class MemoryTable<RecordType> implements Table<RecordType> {
  readonly #records = new Map<string, RecordType>();
  readonly #keyOf: (record: RecordType) => string;

  constructor(keyOf: (record: RecordType) => string) {
    this.#keyOf = keyOf;
  }

  get(key: string): RecordType | undefined {
    return structuredClone(this.#records.get(key));
  }

  list(): readonly RecordType[] {
    return [...this.#records]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, record]) => structuredClone(record));
  }

  put(record: RecordType): void {
    this.#records.set(this.#keyOf(record), structuredClone(record));
  }

  remove(key: string): void {
    this.#records.delete(key);
  }
}

class MemoryVolumeUses implements VolumeUses {
  readonly #uses = new Map<string, VolumeUse>();

  ofVolume(volume: string): readonly VolumeUse[] {
    return this.list().filter((use) => use.volume === volume);
  }

  ofContainer(containerId: string): readonly VolumeUse[] {
    return this.list().filter((use) => use.containerId === containerId);
  }

  list(): readonly VolumeUse[] {
    return [...this.#uses.values()];
  }

  put(use: VolumeUse): void {
    this.#uses.set(`${use.containerId} ${use.destination}`, { ...use });
  }

  removeOfContainer(containerId: string): void {
    for (const use of this.ofContainer(containerId)) {
      this.#uses.delete(`${use.containerId} ${use.destination}`);
    }
  }
}
