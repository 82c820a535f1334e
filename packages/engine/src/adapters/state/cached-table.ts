import type { DatabaseSync, StatementSync } from "node:sqlite";
import { describeIssue } from "@davit/protocol";
import type * as z from "zod";
import { EngineError, messageOf } from "../../core/errors.ts";
import type { Table } from "../../core/ports/state.ts";

/** Given the step that would take a change back. */
export type OnChange = (undo: () => void) => void;

export interface TableOptions<RecordType> {
  readonly name: string;
  readonly schema: z.ZodType<RecordType>;
  readonly keyOf: (record: RecordType) => string;
  readonly onChange: OnChange;
}

/** One table: read whole at the start, then answered from memory; every change is written through. */
export class CachedTable<RecordType> implements Table<RecordType> {
  readonly #records = new Map<string, RecordType>();
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #keyOf: (record: RecordType) => string;
  readonly #onChange: OnChange;

  constructor(database: DatabaseSync, options: TableOptions<RecordType>) {
    const { name, schema } = options;
    this.#keyOf = options.keyOf;
    this.#onChange = options.onChange;
    for (const row of database.prepare(`SELECT key, record FROM ${name}`).iterate()) {
      const key = String(row["key"]);
      this.#records.set(key, parseRecord(schema, String(row["record"]), `${name} ${key}`));
    }
    this.#put = database.prepare(
      `INSERT INTO ${name} (key, record) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record`,
    );
    this.#remove = database.prepare(`DELETE FROM ${name} WHERE key = ?`);
  }

  get(key: string): RecordType | undefined {
    return this.#records.get(key);
  }

  list(): readonly RecordType[] {
    return [...this.#records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
  }

  put(record: RecordType): void {
    const key = this.#keyOf(record);
    const before = this.#records.get(key);
    this.#put.run(key, JSON.stringify(record));
    this.#records.set(key, record);
    this.#onChange(() => this.#restore(key, before));
  }

  remove(key: string): void {
    const before = this.#records.get(key);
    if (before === undefined) return;
    this.#remove.run(key);
    this.#records.delete(key);
    this.#onChange(() => this.#restore(key, before));
  }

  #restore(key: string, before: RecordType | undefined): void {
    if (before === undefined) this.#records.delete(key);
    else this.#records.set(key, before);
  }
}

function parseRecord<RecordType>(schema: z.ZodType<RecordType>, text: string, what: string): RecordType {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngineError("internal", `reading record ${what}: ${messageOf(error)}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new EngineError("internal", `reading record ${what}: ${describeIssue(result.error)}`, {
    cause: result.error,
  });
}
