import type { LogEntry, LogQuery } from "../ports/logs.ts";

/** Keeps to the times that a query asks for. */
export class TimeWindow {
  readonly #since: string | undefined;
  readonly #before: string | undefined;
  #isOver = false;

  constructor({ since, before }: Pick<LogQuery, "since" | "before">) {
    this.#since = since === undefined ? undefined : inFull(since);
    this.#before = before === undefined ? undefined : inFull(before);
  }

  /** Nothing that comes later is wanted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  select(entries: readonly LogEntry[]): readonly LogEntry[] {
    if (this.#since === undefined && this.#before === undefined) return entries;
    const selected: LogEntry[] = [];
    for (const entry of entries) {
      if (this.#since !== undefined && entry.timestamp < this.#since) continue;
      if (this.#before !== undefined && entry.timestamp >= this.#before) {
        this.#isOver = true;
        break;
      }
      selected.push(entry);
    }
    return selected;
  }
}

/** As entries have it, so that texts compare as times do. */
const inFull = (time: Date): string => `${time.toISOString().slice(0, -1)}000000Z`;
