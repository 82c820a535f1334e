import { EngineError, isCanceled } from "../../core/errors.ts";
import type { LogSubject } from "../../core/log/log-tag.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { LogBatches, LogQuery, OutputFile, ProcessLogs } from "../../core/ports/logs.ts";
import { type ContainerLog, Run } from "./container-log.ts";
import type { OutputTrimmer } from "./output-trimmer.ts";

export interface KeptOutputOptions {
  readonly id: string;
  readonly path: string;
  readonly logs: ProcessLogs;
  readonly output: OutputFile;
  readonly trimmer: OutputTrimmer;
  /** How much of the output can be read again; undefined if none can. */
  readonly keepBytes: number | undefined;
  readonly logger: Logger;
}

/** What attached clients may be behind by before they have to say so. */
const slackBytes = 1024 * 1024;

/** The end of the output itself is the log: of the drivers `local` and `none`, and the cache of those that cannot be read. */
export class KeptOutput {
  readonly #options: KeptOutputOptions;

  constructor(options: KeptOutputOptions) {
    this.#options = options;
  }

  get isReadable(): boolean {
    return this.#options.keepBytes !== undefined;
  }

  /** Gives back what lies before an offset and need not be kept of an output that has this length. */
  async trim(before: number, size: number): Promise<void> {
    const kept = Math.max(this.#options.keepBytes ?? 0, slackBytes);
    await this.#options.trimmer.trim(Math.min(before, size - kept));
  }

  async read(query: LogQuery): Promise<LogBatches> {
    const { path, logs, output, keepBytes } = this.#options;
    if (keepBytes === undefined) throw unreadable();
    const size = await output.size(path);
    const fromOffset = size > keepBytes ? await output.recordAt(path, size - keepBytes) : 0;
    return logs.readBatches(path, { ...query, fromOffset });
  }
}

const unreadable = (): EngineError =>
  new EngineError("not-implemented", "configured logging driver does not support reading");

export class KeptOutputLog implements ContainerLog {
  readonly #options: KeptOutputOptions;
  readonly #kept: KeptOutput;
  readonly #closing = new AbortController();
  #run: Run | undefined;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: KeptOutputOptions) {
    this.#options = options;
    this.#kept = new KeptOutput(options);
  }

  async beginRun(): Promise<void> {
    this.#watch();
  }

  async adopt(_subject: LogSubject, isRunning: boolean): Promise<void> {
    if (isRunning) this.#watch();
  }

  #watch(): void {
    const run = new Run();
    this.#run = run;
    this.#watching = this.#trimWhileItGrows(run);
  }

  async #trimWhileItGrows({ ended }: Run): Promise<void> {
    const { id, path, output, logger } = this.#options;
    try {
      const { signal } = this.#closing;
      for await (const size of output.growth(path, { ended, signal })) await this.#kept.trim(size, size);
    } catch (error) {
      if (!isCanceled(error))
        logger.error({ err: error, container: id }, "could not watch the output of a container");
    }
  }

  endRun(): void {
    this.#run?.end();
  }

  read(_subject: LogSubject, query: LogQuery): Promise<LogBatches> {
    return this.#kept.read(query);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watching;
  }

  remove(): Promise<void> {
    return this.close();
  }
}
