import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TextfileCollector } from "./textfile-collector.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "mt-"));
});
afterEach(() => rm(dir, { recursive: true }));

const silent = { debug: () => undefined, info: () => undefined, error: () => undefined };

/** A reading is begun when the one before it is on disk. */
class Engine {
  readings = 0;
  #next = Promise.withResolvers<void>();
  read = (): Promise<string> => {
    this.readings += 1;
    this.#next.resolve();
    this.#next = Promise.withResolvers();
    if (this.readings === 2) return Promise.reject(new Error("the engine is being started anew"));
    return Promise.resolve(`engine_a ${String(this.readings)}\nother 1\n`);
  };
  async untilReading(count: number): Promise<void> {
    while (this.readings < count) await this.#next.promise;
  }
}

const collectorOf = (engine: Engine) =>
  new TextfileCollector({ dir, intervalMs: 1, only: /^engine_/, logger: silent, read: engine.read });

it("replaces the file at each reading, also after one that failed, and stops when it is told to", async () => {
  const engine = new Engine();
  const collector = collectorOf(engine);
  await collector.startMetrics();
  await engine.untilReading(4);
  await collector.stopMetrics();
  const { readings } = engine;
  expect(await readdir(dir)).toEqual(["engine.prom"]);
  expect(await readFile(join(dir, "engine.prom"), "utf8")).toMatch(/^engine_a \d+\n$/);
  expect(engine.readings).toBe(readings);
});

it("reads once at a time when it is started twice", async () => {
  const engine = new Engine();
  const collector = collectorOf(engine);
  await Promise.all([collector.startMetrics(), collector.startMetrics()]);
  await engine.untilReading(3);
  await collector.stopMetrics();
  const { readings } = engine;
  await collector.stopMetrics();
  expect(engine.readings).toBe(readings);
});
