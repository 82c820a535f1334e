import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MetricsCollector, type PluginLogger, readEngineMetrics } from "@davit/sdk";
import { selectMetrics } from "./select-metrics.ts";

export interface TextfileOptions {
  readonly dir: string;
  readonly intervalMs: number;
  readonly only: RegExp;
  readonly logger: PluginLogger;
  /** Reads the engine's metrics; the SDK's way unless given. */
  readonly read?: (signal: AbortSignal) => Promise<string>;
}

/**
 * Writes the engine's metrics to `engine.prom`, again and again while the engine is there. The file is replaced as a whole, so a
 * reader never sees half of one; when the engine goes, what it told last stays, with its time.
 */
export class TextfileCollector implements MetricsCollector {
  readonly #options: TextfileOptions;
  #stopping: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: TextfileOptions) {
    this.#options = options;
  }

  /** An engine that died has not said that it stops. */
  async startMetrics(): Promise<void> {
    const stopped = this.stopMetrics();
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#running = stopped.then(() => this.#collect(stopping.signal));
    await stopped;
  }

  async stopMetrics(): Promise<void> {
    this.#stopping?.abort();
    await this.#running;
  }

  async #collect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#write(signal);
      } catch (error) {
        if (signal.aborted) return;
        // The next reading may be luckier: the engine is perhaps being started anew.
        this.#options.logger.error({ error: String(error) }, "reading metrics failed");
      }
      await pause(this.#options.intervalMs, signal);
    }
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { dir, only, read = (stop) => readEngineMetrics({ signal: stop }) } = this.#options;
    const text = selectMetrics(await read(signal), only);
    const file = join(dir, "engine.prom");
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }
}

/** Until the time is over or the signal fires. */
function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const stop = (): void => {
      clearTimeout(timer);
      done();
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      done();
    }, durationMs);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}
