import { isCanceled, messageOf, wrapError } from "../../core/errors.ts";
import type { LogSubject } from "../../core/log/log-tag.ts";
import { outputStart } from "../../core/log/output-record.ts";
import { type DeliveryState, deliveryStatesSchema } from "../../core/log/plugin-log-state.ts";
import { TimeWindow } from "../../core/log/selected-entries.ts";
import type { Host } from "../../core/ports/host.ts";
import type { LogBatches, LogEntry, LogQuery } from "../../core/ports/logs.ts";
import { PluginLogDriver } from "../drivers/plugin-log-driver.ts";
import { type ContainerLog, Run } from "./container-log.ts";
import { elapsed } from "./elapsed.ts";
import type { KeptOutput } from "./kept-output-log.ts";
import { entryOf, logInfo } from "./log-messages.ts";
import { newPipePlace } from "./pipe-place.ts";
import { PluginDelivery, type PluginDeliveryOptions } from "./plugin-delivery.ts";
import type { PluginWatch } from "./plugin-watch.ts";

export interface PluginContainerLogOptions extends Omit<PluginDeliveryOptions, "onProgress" | "onDropped"> {
  readonly statePath: string;
  readonly host: Pick<Host, "readSmallFile" | "writeFile">;
  readonly watch: PluginWatch;
  /** What can be read again where the plugin cannot be read, and what is freed. */
  readonly kept: KeptOutput;
  readonly onDropped: PluginDeliveryOptions["onDropped"];
}

/** Runs whose output a plugin has not taken; before the oldest of more it is dropped. */
const mostDeliveries = 8;
/** Whoever removes a container waits so long for what the plugin is about to take. */
const partingMs = 500;
/** A plugin that goes on taking has so long for the rest of a container that is gone. */
const lingerMs = 10_000;
/** A plugin that does not end its answer by itself is left so long after the container has ended. */
const readersGraceMs = 2_000;

/** The driver is a plugin: each run is delivered to it for itself. */
export class PluginContainerLog implements ContainerLog {
  readonly #options: PluginContainerLogOptions;
  readonly #closing = new AbortController();
  readonly #deliveries: PluginDelivery[] = [];
  #run: { readonly run: Run; readonly delivery: PluginDelivery } | undefined;
  #growing: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();
  #isRemoved = false;

  constructor(options: PluginContainerLogOptions) {
    this.#options = options;
  }

  async beginRun(subject: LogSubject, signal?: AbortSignal): Promise<void> {
    const { output, path } = this.#options;
    await output.markRun(path);
    const position = { ...outputStart, offset: await output.size(path) };
    const delivery = this.#delivery({ file: "", path: "", position, info: logInfo(subject) });
    this.#deliveries.push(delivery);
    try {
      await delivery.begin(signal);
    } catch (error) {
      this.#forget(delivery);
      throw error;
    }
    this.#track(delivery);
    this.#begin(delivery);
    for (const old of this.#deliveries.slice(0, -mostDeliveries)) void old.giveUp();
  }

  async adopt(subject: LogSubject, isRunning: boolean): Promise<void> {
    const { output, path, host, statePath, logger } = this.#options;
    let states: readonly DeliveryState[] = [];
    try {
      const text = await host.readSmallFile(statePath);
      states = text === undefined ? [] : deliveryStatesSchema.parse(JSON.parse(text));
    } catch (error) {
      logger.error(
        { container: subject.id, reason: messageOf(error) },
        "what a log driver has been given is not known",
      );
    }
    const size = await output.size(path);
    for (const [index, state] of states.entries()) {
      const isPresent = isRunning && index === states.length - 1 && state.endOffset === undefined;
      const delivery = this.#delivery(
        isPresent || state.endOffset !== undefined ? state : { ...state, endOffset: size },
      );
      this.#deliveries.push(delivery);
      delivery.resume();
      this.#track(delivery);
      if (isPresent) this.#begin(delivery);
    }
  }

  #delivery(state: DeliveryState): PluginDelivery {
    return new PluginDelivery({ ...this.#options, onProgress: () => this.#save() }, state);
  }

  #begin(delivery: PluginDelivery): void {
    const run = new Run();
    this.#run = { run, delivery };
    this.#growing = this.#limitWhileItGrows(run);
  }

  #track(delivery: PluginDelivery): void {
    const unwatch = this.#options.watch.add(this.#options.driver, delivery);
    void delivery.done.then(() => {
      unwatch();
      if (delivery.isOver) this.#forget(delivery);
    });
  }

  #forget(delivery: PluginDelivery): void {
    const index = this.#deliveries.indexOf(delivery);
    if (index !== -1) this.#deliveries.splice(index, 1);
    void this.#save();
  }

  async #limitWhileItGrows({ ended }: Run): Promise<void> {
    const { output, path, kept, logger, containerId: container } = this.#options;
    try {
      for await (const size of output.growth(path, { ended, signal: this.#closing.signal })) {
        for (const delivery of this.#deliveries) delivery.limit(size);
        await kept.trim(Math.min(size, ...this.#deliveries.map(({ neededFrom }) => neededFrom)), size);
      }
    } catch (error) {
      if (!isCanceled(error))
        logger.error({ err: error, container }, "could not watch the output of a container");
    }
  }

  /** One after the other; what cannot be written down is delivered again after a crash, and nothing worse. */
  #save(): Promise<void> {
    const { host, statePath, logger, containerId: container } = this.#options;
    this.#saving = this.#saving.then(async () => {
      if (this.#isRemoved) return;
      const states = this.#deliveries.filter(({ isOver }) => !isOver).map(({ state }) => state);
      try {
        await host.writeFile(statePath, JSON.stringify(states), 0o600);
      } catch (error) {
        logger.warn(
          { container, reason: messageOf(error) },
          "what a log driver has been given cannot be noted",
        );
      }
    });
    return this.#saving;
  }

  endRun(): void {
    const { output, path } = this.#options;
    const present = this.#run;
    if (present === undefined) return;
    this.#run = undefined;
    present.delivery.end(output.sizeNow(path));
    present.run.end();
    void this.#save();
  }

  async read(subject: LogSubject, query: LogQuery): Promise<LogBatches> {
    const { kept, drivers, driver, logger } = this.#options;
    const signal = query.signal ?? new AbortController().signal;
    const endpoint = await drivers.plugin(driver, signal).catch((error: unknown) => {
      // What is kept here can be read without it.
      if (kept.isReadable) return undefined;
      throw error;
    });
    if (endpoint === undefined) return kept.read(query);
    const plugin = new PluginLogDriver(endpoint, logger);
    const running = this.#run?.delivery;
    const canRead = running?.plugin?.isReadable ?? (await plugin.canRead({ signal }));
    if (!canRead) return kept.read(query);
    const stop = running === undefined ? await this.#startReading(plugin, subject, signal) : undefined;
    try {
      const { tail, since, before: until, follow = false } = query;
      const info = running?.state.info ?? logInfo(subject);
      const ending = new AbortController();
      const either = AbortSignal.any([signal, ending.signal]);
      const answer = await plugin.readLogs(info, { tail, since, until, follow }, either);
      return this.#readings(answer, query, { ending, stop });
    } catch (error) {
      await stop?.();
      throw wrapError("Error grabbing logs", wrapError("error getting log reader", error));
    }
  }

  /** A plugin is asked to begin with a container that does not run, too, before it is read: as the Engine does. */
  async #startReading(
    plugin: PluginLogDriver,
    subject: LogSubject,
    signal: AbortSignal,
  ): Promise<() => Promise<void>> {
    const { drivers, driver, pipes, pipeDir, logger } = this.#options;
    const { file, path } = await newPipePlace(await drivers.plugin(driver, signal), pipeDir);
    const pipe = await pipes.make(path);
    try {
      await plugin.startLogging(file, logInfo(subject), { signal });
    } catch (error) {
      await pipe.remove();
      throw wrapError("error creating logger", error);
    }
    return async () => {
      try {
        await plugin.stopLogging(file);
      } catch (error) {
        logger.warn({ driver, reason: messageOf(error) }, "log driver could not be told that it was read");
      }
      await pipe.remove();
    };
  }

  async *#readings(
    answer: Awaited<ReturnType<PluginLogDriver["readLogs"]>>,
    query: LogQuery,
    { ending, stop }: { readonly ending: AbortController; readonly stop: (() => Promise<void>) | undefined },
  ): AsyncGenerator<readonly LogEntry[]> {
    const window = new TimeWindow(query);
    let timer: NodeJS.Timeout | undefined;
    void query.until?.then(() => {
      timer = setTimeout(() => ending.abort(), readersGraceMs);
    });
    try {
      for await (const messages of answer) {
        const selected = window.select(messages.map(entryOf));
        if (selected.length > 0) yield selected;
        if (window.isOver) return;
      }
    } catch (error) {
      if (!ending.signal.aborted) throw wrapError("Error grabbing logs", error);
    } finally {
      clearTimeout(timer);
      ending.abort();
      await stop?.();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#deliveries.map((delivery) => delivery.close()), this.#growing]);
    await this.#save();
  }

  async remove(): Promise<void> {
    this.endRun();
    const rest = [...this.#deliveries];
    const done = Promise.all(rest.map((delivery) => delivery.done));
    const parting = new AbortController();
    await Promise.race([done, elapsed(partingMs, parting.signal)]);
    parting.abort();
    this.#isRemoved = true;
    await this.#saving;
    this.#closing.abort();
    await this.#growing;
    for (const delivery of rest) void this.#linger(delivery);
  }

  /** It has the output open, whose name goes with the container. */
  async #linger(delivery: PluginDelivery): Promise<void> {
    const over = new AbortController();
    await Promise.race([delivery.done, elapsed(lingerMs, over.signal)]);
    over.abort();
    await delivery.giveUp();
  }
}
