import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { ContainerRecord } from "../../core/container/record.ts";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { ImageRecord } from "../../core/image/record.ts";
import type { EndpointRecord, NetworkRecord } from "../../core/network/record.ts";
import type { AdoptionRecord, PluginRecord } from "../../core/plugin/record.ts";
import type { Endpoints, State, Table, VolumeUses } from "../../core/ports/state.ts";
import type { VolumeRecord, VolumeUse } from "../../core/volume/record.ts";
import { CachedTable } from "./cached-table.ts";
import { migrate } from "./migrations.ts";
import { endpointRecordSchema, networkRecordSchema } from "./network-schemas.ts";
import {
  adoptionRecordSchema,
  containerRecordSchema,
  imageRecordSchema,
  pluginRecordSchema,
  volumeRecordSchema,
  volumeUseSchema,
} from "./record-schemas.ts";

/** The engine's records in one SQLite database (WAL, synced at each commit), which one process may open at a time. */
export class SqliteState implements State {
  readonly #database: DatabaseSync;
  #undo: (() => void)[] | undefined;
  readonly plugins: Table<PluginRecord>;
  readonly adoptions: Table<AdoptionRecord>;
  readonly volumes: Table<VolumeRecord>;
  readonly volumeUses: VolumeUses;
  readonly containers: Table<ContainerRecord>;
  readonly networks: Table<NetworkRecord>;
  readonly endpoints: Endpoints;
  readonly images: Table<ImageRecord>;

  /** Opens the database at `path`, made if it is missing; unavailable if another engine has it open. */
  constructor(path: string) {
    this.#database = openExclusively(path);
    const onChange = (undo: () => void): void => void this.#undo?.push(undo);
    const table = <RecordType>(
      name: string,
      schema: ConstructorParameters<typeof CachedTable<RecordType>>[1]["schema"],
      keyOf: (record: RecordType) => string,
    ) => new CachedTable<RecordType>(this.#database, { name, schema, keyOf, onChange });
    this.plugins = table<PluginRecord>("plugins", pluginRecordSchema, ({ id }) => id);
    this.adoptions = table<AdoptionRecord>("adoptions", adoptionRecordSchema, ({ id }) => id);
    this.volumes = table<VolumeRecord>("volumes", volumeRecordSchema, ({ name }) => name);
    this.containers = table<ContainerRecord>("containers", containerRecordSchema, ({ id }) => id);
    this.networks = table<NetworkRecord>("networks", networkRecordSchema, ({ id }) => id);
    this.endpoints = endpoints(
      table<EndpointRecord>("endpoints", endpointRecordSchema, ({ endpointId }) => endpointId),
    );
    this.images = table<ImageRecord>("images", imageRecordSchema, ({ id }) => id);
    this.volumeUses = volumeUses(table<VolumeUse>("volume_uses", volumeUseSchema, useKey));
  }

  transaction<Result>(work: () => Result): Result {
    if (this.#undo !== undefined) return work();
    const undo: (() => void)[] = [];
    this.#database.exec("BEGIN IMMEDIATE");
    this.#undo = undo;
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      for (const step of undo.reverse()) step();
      throw error;
    } finally {
      this.#undo = undefined;
    }
  }

  /** In WAL mode a commit with `NORMAL` is written and not synced. https://www.sqlite.org/pragma.html#pragma_synchronous */
  note(work: () => void): void {
    if (this.#undo !== undefined) return work();
    this.#database.exec("PRAGMA synchronous = NORMAL");
    try {
      work();
    } finally {
      this.#database.exec("PRAGMA synchronous = FULL");
    }
  }

  close(): void {
    this.#database.close();
  }
}

function openExclusively(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const database = new DatabaseSync(path);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    migrate(database, path);
    return database;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError("unavailable", `opening database ${path}: ${messageOf(error)}`, { cause: error });
  }
}

const useKey = ({ containerId, destination }: VolumeUse): string => `${containerId} ${destination}`;

const endpoints = (table: Table<EndpointRecord>): Endpoints => ({
  get: (key) => table.get(key),
  list: () => table.list(),
  put: (record) => table.put(record),
  remove: (key) => table.remove(key),
  ofContainer: (wanted) => table.list().filter(({ containerId }) => containerId === wanted),
  ofNetwork: (wanted) => table.list().filter(({ networkId }) => networkId === wanted),
});

function volumeUses(table: Table<VolumeUse>): VolumeUses {
  return {
    list: () => table.list(),
    ofVolume: (volume) => table.list().filter((use) => use.volume === volume),
    ofContainer: (containerId) => table.list().filter((use) => use.containerId === containerId),
    put: (use) => table.put(use),
    removeOfContainer: (containerId) => {
      for (const use of table.list()) if (use.containerId === containerId) table.remove(useKey(use));
    },
  };
}
