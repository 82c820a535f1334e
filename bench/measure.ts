import type { TestEngine } from "@davit/testkit";
import type { Operation } from "./operations.ts";

/** The measured times of each engine in milliseconds, the shortest first. */
export type Times = ReadonlyMap<TestEngine, readonly number[]>;

export const median = (sorted: readonly number[] = []): number =>
  sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

/** Runs an operation on each engine in turn, so that what else the machine does falls on all of them alike. */
export async function measure(
  operation: Operation,
  engines: readonly TestEngine[],
  rounds: number,
): Promise<Times> {
  const times = new Map(engines.map((engine) => [engine, new Array<number>()]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [engine, measured] of times) {
      await operation.before?.(engine);
      const started = performance.now();
      await operation.run(engine);
      measured.push(performance.now() - started);
      await operation.after?.(engine);
    }
  }
  return new Map(
    [...times].map(([engine, measured]) => [engine, measured.toSorted((one, other) => one - other)]),
  );
}
