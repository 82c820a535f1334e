import type { TestEngine } from "@davit/testkit";
import type { Operation } from "./operations.ts";

/** The middle of the measured times, in milliseconds, for each engine. */
export type Medians = ReadonlyMap<TestEngine, number>;

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Runs an operation on each engine in turn, so that what else the machine does falls on all of them alike. */
export async function measure(
  operation: Operation,
  engines: readonly TestEngine[],
  rounds: number,
): Promise<Medians> {
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
  return new Map([...times].map(([engine, measured]) => [engine, median(measured)]));
}
