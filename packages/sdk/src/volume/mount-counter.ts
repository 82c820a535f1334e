import type { Awaitable } from "../awaitable.ts";

/** By volume, then by mount ID, how often that ID is mounted; plain JSON. */
export type MountCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Counts who uses a volume, so that it is provisioned for the first user and released after the last.
 *
 * Work on one volume is done in turn, work on different volumes at the same time. An ID mounted twice must be
 * unmounted twice, as the engine does. A count is kept only if its work succeeded: a mount that threw leaves no
 * reference, an unmount that threw leaves the reference for the next attempt.
 */
export class MountCounter {
  readonly #counts = new Map<string, Map<string, number>>();
  readonly #turns = new Map<string, Promise<unknown>>();

  /** @param counts what `counts()` answered before a restart, for plugins whose mounts outlive their process. */
  constructor(counts: MountCounts = {}) {
    for (const [name, ids] of Object.entries(counts)) this.#counts.set(name, new Map(Object.entries(ids)));
  }

  /** Adds one reference; `provision` runs only if the volume had none. */
  async mount(request: { name: string; id: string }, provision: () => Awaitable<void>): Promise<void> {
    await this.#inTurn(request.name, async () => {
      const ids = this.#counts.get(request.name);
      if (ids === undefined) await provision();
      const kept = ids ?? new Map<string, number>();
      kept.set(request.id, (kept.get(request.id) ?? 0) + 1);
      this.#counts.set(request.name, kept);
    });
  }

  /**
   * Takes one reference away; `release` runs only if it was the last. An unknown ID takes nothing away; if the
   * volume has no reference at all (the counts were lost), `release` runs, so it must bear a volume at rest.
   */
  async unmount(request: { name: string; id: string }, release: () => Awaitable<void>): Promise<void> {
    await this.#inTurn(request.name, async () => {
      const ids = this.#counts.get(request.name) ?? new Map<string, number>();
      const count = ids.get(request.id) ?? 0;
      if (ids.size > 1 || count > 1) {
        if (count > 1) ids.set(request.id, count - 1);
        else ids.delete(request.id);
        return;
      }
      if (ids.size === 1 && count === 0) return;
      await release();
      this.#counts.delete(request.name);
    });
  }

  /** Runs `release` and forgets every reference: for the removal of a volume, which the engine asks only for unused ones. */
  async drop(name: string, release: () => Awaitable<void>): Promise<void> {
    await this.#inTurn(name, async () => {
      await release();
      this.#counts.delete(name);
    });
  }

  isMounted(name: string): boolean {
    return this.#counts.has(name);
  }

  /** Every reference, for keeping across a restart. */
  counts(): MountCounts {
    return Object.fromEntries(Array.from(this.#counts, ([name, ids]) => [name, Object.fromEntries(ids)]));
  }

  async #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const mine = before.then(work);
    // The next in line waits for the end of this one, whatever it was; the failure belongs to this caller.
    const settled = mine.catch(() => undefined);
    this.#turns.set(name, settled);
    try {
      await mine;
    } finally {
      if (this.#turns.get(name) === settled) this.#turns.delete(name);
    }
  }
}
