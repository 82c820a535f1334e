import { isCanceled, messageOf, wrapError } from "../../core/errors.ts";
import { LineAssembler } from "../../core/log/line-assembler.ts";
import { type OutputBatch, type OutputPosition, resumeOffset } from "../../core/log/output-record.ts";
import type { DeliveryState } from "../../core/log/plugin-log-state.ts";
import type { LogPipe, LogPipes } from "../../core/ports/log-pipes.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { OutputFile } from "../../core/ports/logs.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import { PluginLogDriver } from "../drivers/plugin-log-driver.ts";
import type { PluginEndpoint } from "../endpoints/plugin-endpoint.ts";
import { elapsed } from "./elapsed.ts";
import { lineId } from "./line-id.ts";
import type { LogDrivers } from "./log-drivers.ts";
import { concatenated, Frames, type Mark, missingNote } from "./log-frames.ts";
import { newPipePlace } from "./pipe-place.ts";

export interface Dropped {
  readonly lines: number;
  readonly bytes: number;
}

export interface PluginDeliveryOptions {
  readonly containerId: string;
  readonly driver: string;
  readonly drivers: Pick<LogDrivers, "plugin" | "awaitedPlugin">;
  /** The container's output. */
  readonly path: string;
  readonly output: OutputFile;
  readonly pipes: LogPipes;
  /** Of pipes to plugins that the engine does not manage. */
  readonly pipeDir: string;
  /** What the plugin may be behind by. */
  readonly bufferBytes: number;
  readonly logger: Logger;
  /** Writes the state down; never fails. */
  readonly onProgress: () => Promise<void>;
  readonly onDropped: (dropped: Dropped) => void;
}

/** Where the output goes on after a part of it was dropped. */
interface Floor {
  readonly offset: number;
  /** Where the dropped part began, and how many lines it had. */
  readonly from: number;
  readonly lines: number;
  /** Of what was in the pipe by then. */
  readonly marks: readonly Mark[];
}

/** What a pipe may hold that its reader has not taken. */
const pipeBytes = 64 * 1024;
const nothing = new Uint8Array(0);
const firstRetryMs = 250;
const longestRetryMs = 10_000;
const partingTimeoutMs = 2_000;

/**
 * One run's output on its way to a plugin. Whatever the plugin does, only this waits for it: it may be slow, stop reading, die and come
 * back, and is given what it has not taken once it is there again.
 */
export class PluginDelivery {
  readonly #options: PluginDeliveryOptions;
  readonly #closing = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #state: DeliveryState;
  #plugin: PluginLogDriver | undefined;
  #connection: PluginConnection | undefined;
  #pipe: LogPipe | undefined;
  #marks: Mark[] = [];
  #floor: Floor | undefined;
  /** The rest of an entry that the pipe has taken in part. */
  #torn: Uint8Array = nothing;
  #interrupt = new AbortController();
  #skipTo: number | undefined;
  #mustReattach = false;
  #done: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(options: PluginDeliveryOptions, state: DeliveryState) {
    this.#options = options;
    this.#state = state;
    if (state.endOffset !== undefined) this.#ended.resolve();
  }

  get state(): DeliveryState {
    return this.#state;
  }

  /** What of the output it still needs. */
  get neededFrom(): number {
    const positions = [this.#state.position, ...this.#marks.slice(0, 1).map(({ position }) => position)];
    return Math.min(...positions.map(resumeOffset));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get connection(): PluginConnection | undefined {
    return this.#connection;
  }

  /** The plugin, once it has been told to begin. */
  get plugin(): PluginLogDriver | undefined {
    return this.#plugin;
  }

  /** Resolves when everything is delivered, given up or left to the next engine. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** Tells the plugin; what it refuses fails the start of the container. */
  async begin(signal?: AbortSignal): Promise<void> {
    const { driver, drivers } = this.#options;
    await this.#attach(await drivers.awaitedPlugin(driver, signal), signal);
    this.#done = this.#run();
  }

  /** Goes on with what an earlier engine has left. */
  resume(): void {
    this.#done = this.#run();
  }

  end(offset: number): void {
    this.#state = { ...this.#state, endOffset: offset };
    this.#ended.resolve();
  }

  /** Lets go of what the plugin is too far behind with, in an output of this length. */
  limit(size: number): void {
    const end = this.#state.endOffset ?? size;
    const { bufferBytes } = this.#options;
    if (this.#skipTo !== undefined || end - this.#state.position.offset <= bufferBytes) return;
    this.#skipTo = end - Math.floor(bufferBytes / 2);
    this.#interrupt.abort();
  }

  /** Another process of the plugin serves now. */
  pluginChanged(): void {
    this.#mustReattach = true;
    this.#interrupt.abort();
  }

  /** Notices, where nothing is written just now, that nobody reads any more. */
  look(): void {
    try {
      if (this.#isAbandoned()) this.#interrupt.abort();
    } catch (error) {
      // The next look, or the next write, tells.
      const { logger, containerId: container } = this.#options;
      logger.debug({ reason: messageOf(error), container }, "cannot look at a log pipe now");
    }
  }

  #isAbandoned(): boolean {
    return this.#pipe?.isAbandoned() === true;
  }

  /** The engine stops: the next one goes on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#done;
    this.#pipe?.close();
    this.#pipe = undefined;
  }

  /** Nothing will be left to go on with: what is not delivered is dropped. */
  async giveUp(): Promise<void> {
    if (this.#isOver) return;
    this.#closing.abort();
    await this.#done;
    if (this.#isOver) return;
    const { position, endOffset = position.offset } = this.#state;
    await this.#drop(position.offset, endOffset);
    await this.#finish(partingTimeoutMs);
  }

  async #run(): Promise<void> {
    const { logger, containerId: container, driver, drivers } = this.#options;
    const { signal } = this.#closing;
    for (let delayMs = firstRetryMs; !signal.aborted; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      const beganAt = performance.now();
      try {
        if (this.#pipe === undefined || this.#mustReattach) {
          await this.#attach(await drivers.plugin(driver, signal), signal);
        }
        await this.#copy();
        // What lies in the pipe of a plugin that has gone is nobody's yet.
        if (await this.#isCurrent()) return await this.#finish();
        this.#mustReattach = true;
      } catch (error) {
        if (signal.aborted) return;
        const isInterrupted = isCanceled(error) && this.#interrupt.signal.aborted;
        const isAbandoned = this.#isAbandoned();
        if (performance.now() - beganAt > longestRetryMs) delayMs = firstRetryMs;
        if (isInterrupted && !isAbandoned) {
          delayMs = firstRetryMs / 2;
          continue;
        }
        this.#mustReattach ||= isAbandoned;
        if (delayMs === firstRetryMs) {
          const reason = isAbandoned ? "nobody reads its pipe any more" : messageOf(error);
          const fields = { container, driver, reason };
          logger.warn(fields, "log driver does not take a container's output: it is tried again");
        }
      }
      await elapsed(delayMs, signal);
    }
  }

  async #isCurrent(): Promise<boolean> {
    const { driver, drivers } = this.#options;
    if (this.#isAbandoned()) return false;
    return (await drivers.plugin(driver, this.#closing.signal)).connection === this.#connection;
  }

  /** Makes a pipe and has the plugin read it. */
  async #attach(endpoint: PluginEndpoint, signal?: AbortSignal): Promise<void> {
    const { pipes, pipeDir, logger, onProgress } = this.#options;
    const plugin = new PluginLogDriver(endpoint, logger);
    const call = { signal };
    await plugin.canRead(call);
    await this.#detach(plugin);
    this.#mustReattach = false;
    const { file, path } = await newPipePlace(endpoint, pipeDir);
    const pipe = await pipes.make(path);
    try {
      await plugin.startLogging(file, this.#state.info, call);
    } catch (error) {
      await pipe.remove();
      throw wrapError("error creating logger", error);
    }
    this.#pipe = pipe;
    this.#plugin = plugin;
    this.#connection = endpoint.connection;
    this.#marks = [{ endByte: 0, position: this.#state.position }];
    this.#floor = undefined;
    this.#state = { ...this.#state, file, path };
    await onProgress();
  }

  /** Takes back what the plugin's earlier process has not read. Of an earlier engine's pipe the plugin has it, and is told to end. */
  async #detach(plugin: PluginLogDriver): Promise<void> {
    const { pipes, logger } = this.#options;
    const { file, path } = this.#state;
    const pipe = this.#pipe;
    this.#pipe = undefined;
    if (pipe !== undefined) {
      await this.#goBack(pipe.writtenBytes - pipe.takeBack());
      await pipe.remove();
    } else if (file !== "") {
      try {
        await plugin.stopLogging(file, { timeoutMs: partingTimeoutMs, signal: this.#closing.signal });
      } catch (error) {
        logger.debug({ reason: messageOf(error) }, "log driver does not end what an earlier engine began");
      }
      await pipes.removeName(path);
    }
    this.#state = { ...this.#state, file: "", path: "" };
  }

  /** To where the plugin has taken it, or else to the end of what was dropped since. */
  async #goBack(takenBytes: number): Promise<void> {
    const isTaken = ({ endByte }: Mark): boolean => endByte <= takenBytes;
    const floor = this.#floor;
    const last = this.#marks.findLast(isTaken);
    this.#torn = nothing;
    if (last !== undefined) {
      this.#state = { ...this.#state, position: last.position };
    } else if (floor !== undefined) {
      const before = floor.marks.findLast(isTaken)?.position.offset ?? floor.from;
      const more = await this.#drop(before, floor.from);
      this.#state = { ...this.#state, position: { offset: floor.offset, pending: {} } };
      this.#torn = missingNote(floor.lines + more);
    }
  }

  /** Passes the output on to its end, or until it is interrupted. */
  async #copy(): Promise<void> {
    const { output, path, containerId } = this.#options;
    this.#interrupt = new AbortController();
    const signal = AbortSignal.any([this.#closing.signal, this.#interrupt.signal]);
    await this.#skip();
    if (this.#torn.length > 0) {
      const torn = this.#torn;
      this.#torn = nothing;
      await this.#write(torn, [{ endByte: torn.length, position: this.#state.position }], signal);
    }
    const { position } = this.#state;
    const assembler = new LineAssembler(lineId(containerId), position);
    const from = resumeOffset(position);
    for await (const batch of output.follow(path, { from, ended: this.#ended.promise, signal })) {
      const { endOffset } = this.#state;
      await this.#pass(assembler, batch, signal);
      if (endOffset !== undefined && batch.endOffset >= endOffset) break;
    }
    const frames = new Frames();
    assembler.flush((message) => frames.add(message));
    const end = { offset: Math.max(this.#state.position.offset, this.#state.endOffset ?? 0), pending: {} };
    frames.mark(end);
    await this.#write(frames.bytes(), frames.marks, signal);
    this.#state = { ...this.#state, position: end };
  }

  async #pass(
    assembler: LineAssembler,
    { records, endOffset }: OutputBatch,
    signal: AbortSignal,
  ): Promise<void> {
    const frames = new Frames();
    const end = this.#state.endOffset ?? Number.POSITIVE_INFINITY;
    let position: OutputPosition | undefined;
    for (const [index, record] of records.entries()) {
      if (record.stream !== "mark" && record.offset >= end) break;
      assembler.push(record, (message) => frames.add(message));
      const next = records[index + 1];
      const offset = next === undefined ? endOffset : next.stream === "mark" ? undefined : next.offset;
      if (offset === undefined) continue;
      position = assembler.position(Math.max(offset, this.#state.position.offset));
      frames.mark(position);
    }
    await this.#write(frames.bytes(), frames.marks, signal);
    if (position === undefined) return;
    this.#state = { ...this.#state, position };
    await this.#options.onProgress();
  }

  /** What the pipe has when it is interrupted is noted; an entry that is in it in part is finished before anything else. */
  async #write(bytes: Uint8Array, marks: readonly Mark[], signal: AbortSignal): Promise<void> {
    const pipe = this.#pipe;
    if (pipe === undefined || bytes.length === 0) return;
    const base = pipe.writtenBytes;
    const note = ({ endByte, position }: Mark): void => {
      this.#marks.push({ endByte: base + endByte, position });
    };
    try {
      await pipe.write(bytes, signal);
      marks.forEach(note);
    } catch (error) {
      const taken = pipe.writtenBytes - base;
      marks.filter(({ endByte }) => endByte <= taken).forEach(note);
      const whole = marks.findLast(({ endByte }) => endByte <= taken);
      const torn = marks.find(({ endByte }) => endByte > taken);
      if (whole !== undefined) this.#state = { ...this.#state, position: whole.position };
      if (torn !== undefined && taken > (whole?.endByte ?? 0)) {
        this.#torn = bytes.slice(taken, torn.endByte);
        this.#state = { ...this.#state, position: torn.position };
      }
      throw error;
    }
    const readBytes = pipe.writtenBytes - pipeBytes;
    const first = this.#marks.findLastIndex(({ endByte }) => endByte <= readBytes);
    if (first > 0) this.#marks.splice(0, first);
  }

  async #skip(): Promise<void> {
    const { output, path } = this.#options;
    const wanted = this.#skipTo;
    this.#skipTo = undefined;
    if (wanted === undefined) return;
    const from = this.#state.position.offset;
    const to = Math.min(
      await output.recordAt(path, wanted),
      this.#state.endOffset ?? Number.POSITIVE_INFINITY,
    );
    if (to <= from) return;
    const lines = await this.#drop(from, to);
    this.#floor = { offset: to, from, lines, marks: this.#marks };
    this.#marks = [];
    this.#torn = concatenated([this.#torn, missingNote(lines)]);
  }

  async #drop(from: number, to: number): Promise<number> {
    const { output, path, onDropped, logger, containerId: container, driver } = this.#options;
    if (to <= from) return 0;
    const lines = await output.countRecords(path, from, to).catch(() => 0);
    this.#state = { ...this.#state, position: { offset: to, pending: {} } };
    const dropped = { lines, bytes: to - from };
    logger.warn({ container, driver, ...dropped }, "output of a container is lost to its log driver");
    onDropped(dropped);
    return lines;
  }

  /** Once, with everything written; unless the engine stops meanwhile, whose next does it. */
  async #finish(partingMs?: number): Promise<void> {
    const { logger, containerId: container, driver, onProgress } = this.#options;
    const { signal } = this.#closing;
    const call = partingMs === undefined ? { signal } : { timeoutMs: partingMs };
    try {
      if (this.#pipe !== undefined) await this.#plugin?.stopLogging(this.#state.file, call);
    } catch (error) {
      if (partingMs === undefined && signal.aborted) return;
      const fields = { container, driver, reason: messageOf(error) };
      logger.error(fields, "log driver could not be told that a container has ended");
    }
    this.#isOver = true;
    const pipe = this.#pipe;
    // Whoever looks from now on finds no pipe, rather than a closed one.
    this.#pipe = undefined;
    await pipe?.remove();
    await onProgress();
  }
}
