import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KeyedQueue } from "../../core/keyed-queue.ts";
import { restartDelayMs } from "../../core/plugin/lifecycle.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { sampleRecord } from "../../core/plugin/sample-record.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { ProcessExit } from "../../core/ports/runtime.ts";
import { Supervisor } from "./supervisor.ts";

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

const exit = (record: PluginRecord): ProcessExit => ({
  namespace: "plugins.moby",
  id: record.id,
  exitCode: 1,
  exitedAt: new Date(0),
  oomKilled: false,
});

/** One plugin's process as the supervisor sees it: up or down, and willing to start or not. */
class FakeProcess {
  up: { readonly end: () => void } | undefined;
  willStart = true;
  willStop = true;
  starts = 0;

  start(record: PluginRecord) {
    if (this.up !== undefined) throw new Error("started twice");
    this.starts += 1;
    if (!this.willStart) return Promise.reject(new Error("it will not start"));
    const { promise, resolve } = Promise.withResolvers<ProcessExit>();
    const connection: PluginConnection = {
      call: () => Promise.resolve(undefined),
      stream: () => Promise.reject(new Error("nothing is streamed")),
      close: () => undefined,
    };
    this.up = {
      end: () => {
        this.up = undefined;
        resolve(exit(record));
      },
    };
    return Promise.resolve({ connection, exited: promise, abandon: () => undefined });
  }
  adopt() {
    return Promise.resolve(undefined);
  }
  stop() {
    this.up = undefined;
    return this.willStop ? Promise.resolve() : Promise.reject(new Error("a mount is busy"));
  }
  clear() {
    return Promise.resolve();
  }
}

/** A supervisor, its plugin's record, and what `enable` and `disable` do with both. */
class Bench {
  readonly process = new FakeProcess();
  readonly queue = new KeyedQueue();
  record = sampleRecord({ enabled: false });
  readonly supervisor = new Supervisor({
    state: {
      plugins: {
        get: () => this.record,
        list: () => [this.record],
        put: (record) => {
          this.record = record;
        },
        remove: () => undefined,
      },
    },
    process: this.process,
    queue: this.queue,
    logger: silent,
  });

  enable = () =>
    this.queue.run(this.record.id, async () => {
      await this.supervisor.start(this.record, new AbortController().signal);
      this.record = { ...this.record, enabled: true };
    });
  disable = () =>
    this.queue.run(this.record.id, async () => {
      this.record = { ...this.record, enabled: false };
      await this.supervisor.stop(this.record);
    });
  settle = () => vi.advanceTimersByTimeAsync(0);
}

describe("Supervisor", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("restarts what exits, later after each failure in a row", async () => {
    const bench = new Bench();
    await bench.enable();
    bench.process.willStart = false;
    bench.process.up?.end();
    await bench.settle();
    for (const failures of [0, 1, 2, 3]) {
      expect(bench.process.starts).toBe(failures + 1);
      await vi.advanceTimersByTimeAsync(restartDelayMs(failures) - 1);
      expect(bench.process.starts).toBe(failures + 1);
      await vi.advanceTimersByTimeAsync(1);
    }
    bench.process.willStart = true;
    await vi.advanceTimersByTimeAsync(restartDelayMs(4));
    expect(bench.supervisor.phase(bench.record.id)).toBe("running");
  });

  it("says why a plugin that is down cannot be had", async () => {
    const bench = new Bench();
    await expect(bench.supervisor.connection(bench.record)).rejects.toThrow(
      "plugin acme/v:latest found but disabled",
    );
    await bench.enable();
    bench.process.up?.end();
    await bench.settle();
    await expect(bench.supervisor.connection(bench.record)).rejects.toThrow(
      "plugin acme/v:latest is not running: it exited with code 1; restart 1 in 0.1 s",
    );
  });

  it("starts nothing again once it is closed", async () => {
    const bench = new Bench();
    await bench.enable();
    bench.process.up?.end();
    await bench.settle();
    bench.supervisor.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(bench.process.starts).toBe(1);
  });

  it("can be started again after a stop that failed", async () => {
    const bench = new Bench();
    await bench.enable();
    bench.process.willStop = false;
    await expect(bench.disable()).rejects.toThrow("a mount is busy");
    expect(bench.supervisor.phase(bench.record.id)).toBe("stopped");
    await bench.enable();
    expect(bench.supervisor.phase(bench.record.id)).toBe("running");
  });

  it("ends up as it was told, whatever happened on the way", async () => {
    const step = fc.constantFrom("enable", "disable", "crash", "refuse", "allow", "wait");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const bench = new Bench();
        for (const what of steps) {
          if (what === "enable" && !bench.record.enabled) await bench.enable().catch(() => undefined);
          else if (what === "disable" && bench.record.enabled) await bench.disable();
          else if (what === "crash") bench.process.up?.end();
          else if (what === "refuse") bench.process.willStart = false;
          else if (what === "allow") bench.process.willStart = true;
          else await vi.advanceTimersByTimeAsync(150);
          await bench.settle();
          expect(bench.process.up === undefined || bench.record.enabled).toBe(true);
        }
        bench.process.willStart = true;
        await vi.advanceTimersByTimeAsync(61_000);
        expect(bench.process.up !== undefined).toBe(bench.record.enabled);
        expect(bench.supervisor.phase(bench.record.id)).toBe(bench.record.enabled ? "running" : "stopped");
        bench.supervisor.close();
      }),
    );
  });
});
