import { type Context, printLine } from "./context.ts";
import { humanSize } from "./format/human.ts";
import type { Filter } from "./options/filters.ts";

/** What a prune has removed. */
export interface Pruned {
  /** e.g. `Deleted Containers` */
  readonly title: string;
  readonly removed: readonly string[];
  readonly bytes: number;
}

export type Prune = (context: Context, filters: readonly Filter[]) => Promise<Pruned>;

/** Lists what was removed, kind by kind, and the space that is free again. */
export function printPruned(context: Context, kinds: readonly Pruned[]): void {
  for (const { title, removed } of kinds) {
    if (removed.length > 0) printLine(context.out, `${title}:\n${removed.join("\n")}\n`);
  }
  const bytes = kinds.reduce((total, kind) => total + kind.bytes, 0);
  printLine(context.out, `Total reclaimed space: ${humanSize(bytes, 4)}`);
}
