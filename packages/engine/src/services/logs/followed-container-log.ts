import { isCanceled, messageOf } from "../../core/errors.ts";
import { LineAssembler, type LogMessage } from "../../core/log/line-assembler.ts";
import type { LogSubject } from "../../core/log/log-tag.ts";
import { resumeOffset } from "../../core/log/output-record.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { FollowedLog, LogBatches, LogQuery, OutputFile } from "../../core/ports/logs.ts";
import { type ContainerLog, Run } from "./container-log.ts";
import { elapsed } from "./elapsed.ts";
import { lineId } from "./line-id.ts";
import type { OutputTrimmer } from "./output-trimmer.ts";

export interface FollowedContainerLogOptions<Line> {
  readonly id: string;
  readonly path: string;
  readonly output: OutputFile;
  readonly log: FollowedLog<Line>;
  /** What goes with each line of a run, as text. */
  readonly attributesOf: (subject: LogSubject) => string;
  /** Makes of messages what the log takes; called once for each run. */
  readonly encoder: (attributes: string) => (message: LogMessage) => Line;
  /** Fails where the driver cannot be had. */
  readonly check?: () => void;
  /** Whoever removes a container waits so long for the rest of its output. */
  readonly partingMs: number;
  readonly trimmer: OutputTrimmer;
  readonly logger: Logger;
}

const saveAfterBytes = 1024 * 1024;
const firstRetryMs = 100;
const longestRetryMs = 10_000;

/** Follows the output, wherever it is, into a log of its own: of the drivers `json-file` and `journald`. */
export class FollowedContainerLog<Line> implements ContainerLog {
  readonly #options: FollowedContainerLogOptions<Line>;
  readonly #closing = new AbortController();
  #run: Run | undefined;
  #following: Promise<void> = Promise.resolve();
  /** Runs whose output is not all in the files. */
  #unfinished = 0;
  /** Nobody waits for a full disk. */
  #isStuck = false;
  /** How far the files are, in bytes of the output. */
  #written = 0;
  readonly #waiting = new Set<() => void>();

  constructor(options: FollowedContainerLogOptions<Line>) {
    this.#options = options;
  }

  async beginRun(subject: LogSubject): Promise<void> {
    this.#options.check?.();
    await this.#options.output.markRun(this.#options.path);
    this.#begin(subject, true);
  }

  async adopt(subject: LogSubject, isRunning: boolean): Promise<void> {
    if (!isRunning && (await this.#isWhole())) return;
    this.#begin(subject, false);
    if (!isRunning) this.endRun();
  }

  /** Whether the files have all of the output. */
  async #isWhole(): Promise<boolean> {
    const { output, path, log } = this.#options;
    const size = await output.size(path);
    const saved = await log.saved();
    return size === 0 || (saved !== undefined && saved.offset >= size && resumeOffset(saved) >= size);
  }

  #begin(subject: LogSubject, isNew: boolean): void {
    const attributes = this.#options.attributesOf(subject);
    const run = new Run();
    this.#run = run;
    this.#unfinished += 1;
    // What is left of the run before comes first.
    this.#following = this.#following.then(() => this.#follow(run, attributes, isNew));
  }

  endRun(): void {
    this.#run?.end();
  }

  async #follow({ ended }: Run, wanted: string, isNew: boolean): Promise<void> {
    const { id, path, output, log, encoder, trimmer, logger } = this.#options;
    const { signal } = this.#closing;
    try {
      signal.throwIfAborted();
      const outputEnd = await output.size(path);
      const resumption = { attributes: wanted, isNewRun: isNew, outputEnd };
      const { position: from, attributes } = await this.#retried(() => log.resume(resumption));
      const encode = encoder(attributes);
      const assembler = new LineAssembler(lineId(id), from);
      let savedAt = from.offset;
      let offset = from.offset;
      for await (const batch of output.follow(path, { from: resumeOffset(from), ended, signal })) {
        const lines: Line[] = [];
        for (const record of batch.records) {
          assembler.push(record, (message) => lines.push(encode(message)));
        }
        offset = Math.max(offset, batch.endOffset);
        const position = assembler.position(offset);
        let rest: readonly Line[] = lines;
        await this.#retried(() => {
          const now = rest;
          rest = [];
          return log.write(now, position, signal);
        });
        this.#reached(offset);
        if (offset - savedAt < saveAfterBytes) continue;
        savedAt = offset;
        await this.#retried(() => log.save());
        await trimmer.trim(resumeOffset(position));
      }
      const last: Line[] = [];
      assembler.flush((message) => last.push(encode(message)));
      let rest: readonly Line[] = last;
      await this.#retried(() => {
        const now = rest;
        rest = [];
        return log.write(now, { offset, pending: {} }, signal);
      });
      await this.#retried(() => log.save());
      this.#reached(offset);
      await trimmer.trim(offset);
      await log.close();
    } catch (error) {
      if (!isCanceled(error)) {
        logger.error({ err: error, container: id }, "could not write the log of a container");
      }
    } finally {
      this.#unfinished -= 1;
      this.#wakeAll();
    }
  }

  /** A full disk costs time, and nothing else. */
  async #retried<Result>(work: () => Promise<Result>): Promise<Result> {
    const { id, logger } = this.#options;
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      try {
        return await work();
      } catch (error) {
        if (isCanceled(error) || this.#closing.signal.aborted) throw error;
        if (delayMs === firstRetryMs) {
          logger.error(
            { reason: messageOf(error), container: id },
            "cannot write the log of a container now",
          );
        }
      }
      this.#isStuck = true;
      this.#wakeAll();
      await elapsed(delayMs, this.#closing.signal);
      this.#isStuck = false;
      this.#closing.signal.throwIfAborted();
    }
  }

  #reached(offset: number): void {
    this.#written = offset;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  async read(_subject: LogSubject, query: LogQuery): Promise<LogBatches> {
    const { log } = this.#options;
    // A run that has ended is followed until the files have the end.
    const until = query.until?.then(() =>
      this.#run?.isEnded === false ? undefined : this.#waitWhile(() => true, query.signal),
    );
    if (query.follow !== true) await this.#caughtUp(query.signal);
    return log.read({ ...query, ...(until === undefined ? {} : { until }) });
  }

  /** Resolves when what the program has written by now is in the files. */
  async #caughtUp(signal: AbortSignal | undefined): Promise<void> {
    const end = await this.#options.output.endOfRecords(this.#options.path);
    await this.#waitWhile(() => this.#written < end, signal);
  }

  /** While runs are not all in the log; not for a log that takes nothing now. */
  async #waitWhile(isBehind: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    while (this.#unfinished > 0 && isBehind() && !this.#isStuck) {
      if (signal?.aborted === true) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal?.addEventListener("abort", wake, { once: true });
      });
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
    await this.#options.log.close();
  }

  async remove(): Promise<void> {
    const { id, partingMs, logger } = this.#options;
    this.endRun();
    if (partingMs > 0 && this.#unfinished > 0) {
      const parting = new AbortController();
      await Promise.race([this.#following, elapsed(partingMs, parting.signal)]);
      parting.abort();
      if (this.#unfinished > 0) {
        logger.warn({ container: id }, "the rest of a container's output is lost to its log driver");
      }
    }
    await this.close();
  }
}
