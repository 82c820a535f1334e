import { abortable } from "../../core/abortable.ts";
import { EngineError, isCanceled, messageOf } from "../../core/errors.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import {
  healthyAfterMs,
  nextPhase,
  type PluginPhase,
  type PluginTransition,
  restartDelayMs,
} from "../../core/plugin/lifecycle.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { State } from "../../core/ports/state.ts";
import type { PluginAttendant } from "./plugin-attendant.ts";
import type { PluginProcess, RunningProcess } from "./plugin-process.ts";

export interface SupervisorOptions {
  readonly state: Pick<State, "plugins">;
  readonly process: Pick<PluginProcess, "start" | "adopt" | "stop" | "clear">;
  /** One queue of operations per plugin ID. */
  readonly queue: KeyedQueue;
  readonly logger: Logger;
  readonly attendants?: readonly PluginAttendant[];
  /** Told of each change, for whoever counts them. */
  readonly onTransition?: (id: string, transition: PluginTransition) => void;
}

interface Supervised {
  phase: PluginPhase;
  running: RunningProcess | undefined;
  /** Settles with the start under way. */
  starting: Promise<void> | undefined;
  startedAt: number;
  failures: number;
  reason: string;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Keeps plugins in the state that is wanted of them. `start` and `stop` are called by whoever holds the plugin's queue;
 * restarts after an exit take their own place in it.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #supervised = new Map<string, Supervised>();
  readonly #closing = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  phase(id: string): PluginPhase {
    return this.#supervised.get(id)?.phase ?? "stopped";
  }

  /** Starts a plugin; if that fails it is stopped, and nothing of it is left. */
  async start(record: PluginRecord, signal: AbortSignal): Promise<void> {
    const entry = this.#entry(record.id);
    this.#cancelRetry(entry);
    this.#step(record.id, entry, "start");
    try {
      await this.#bringUp(record, entry, (both) => this.#options.process.start(record, both), signal);
    } catch (error) {
      this.#step(record.id, entry, "failed");
      throw error;
    }
  }

  async stop(record: PluginRecord): Promise<void> {
    const entry = this.#entry(record.id);
    this.#cancelRetry(entry);
    if (entry.phase === "stopped") return;
    this.#step(record.id, entry, "stop");
    const { running } = entry;
    entry.running = undefined;
    if (running !== undefined) await this.#dismiss(record, running);
    running?.connection.close();
    try {
      await this.#options.process.stop(record);
    } finally {
      // Only now: what a plugin says while it stops belongs to the log, too.
      running?.abandon();
      // Also where taking it down has failed: a start replaces what is left of it.
      this.#supervised.delete(record.id);
    }
  }

  /** Makes sure that nothing of a stopped plugin is left on the host. */
  async takeDown(record: PluginRecord): Promise<void> {
    await this.#options.process.stop(record);
  }

  /** The connection of a plugin that should be running, waiting for a start under way. */
  async connection(record: PluginRecord, signal?: AbortSignal): Promise<PluginConnection> {
    const entry = this.#supervised.get(record.id);
    if (entry?.starting !== undefined)
      await abortable(entry.starting, signal, "waiting for a plugin's start");
    const current = this.#supervised.get(record.id);
    if (current?.running !== undefined) return current.running.connection;
    if (!(this.#options.state.plugins.get(record.id)?.enabled ?? false)) {
      throw new EngineError("conflict", `plugin ${record.name} found but disabled`);
    }
    throw new EngineError(
      "unavailable",
      `plugin ${record.name} is not running: ${current?.reason ?? "not started yet"}`,
    );
  }

  /** Brings the process of a plugin into line with its record: taken over, started, or stopped. */
  async reconcile(record: PluginRecord): Promise<void> {
    const entry = this.#entry(record.id);
    if (!record.enabled) {
      await this.#options.process.stop(record);
      this.#supervised.delete(record.id);
      return;
    }
    this.#step(record.id, entry, "start");
    const { process, logger } = this.#options;
    try {
      await this.#bringUp(record, entry, async (signal) => {
        const adopted = await process.adopt(record, signal);
        return adopted ?? process.start(record, signal);
      });
    } catch (error) {
      logger.error({ plugin: record.id, name: record.name, err: error }, "failed to enable plugin");
      this.#step(record.id, entry, "exited");
      this.#retryLater(record, entry, messageOf(error));
    }
  }

  /** Tells everybody that the plugins which are up will not be this engine's any more; none is started from now on. */
  async dismissAll(): Promise<void> {
    this.#closing.abort();
    const { plugins } = this.#options.state;
    await Promise.all(
      [...this.#supervised].map(async ([id, { running }]) => {
        const record = plugins.get(id);
        if (running !== undefined && record !== undefined) await this.#dismiss(record, running);
      }),
    );
  }

  /** Stops watching and restarting; plugins go on running. */
  close(): void {
    this.#closing.abort();
    for (const entry of this.#supervised.values()) {
      this.#cancelRetry(entry);
      entry.running?.connection.close();
      entry.running?.abandon();
    }
  }

  async #bringUp(
    record: PluginRecord,
    entry: Supervised,
    start: (signal: AbortSignal) => Promise<RunningProcess>,
    signal?: AbortSignal,
  ): Promise<void> {
    const both =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const under = start(both);
    entry.starting = under.then(ignore, ignore);
    try {
      entry.running = await under;
    } finally {
      entry.starting = undefined;
    }
    entry.startedAt = Date.now();
    this.#step(record.id, entry, "listening");
    const { running } = entry;
    this.#watch(record, entry, running);
    for (const attendant of this.#attendants) {
      // Not the caller's signal: the plugin stays up when whoever enabled it has gone.
      if (entry.running !== running || this.#closing.signal.aborted) return;
      await attendant.cameUp({ record, connection: running.connection }, this.#closing.signal);
    }
  }

  get #attendants(): readonly PluginAttendant[] {
    return this.#options.attendants ?? [];
  }

  async #dismiss(record: PluginRecord, { connection }: RunningProcess): Promise<void> {
    await Promise.all(this.#attendants.map((attendant) => attendant.goesDown({ record, connection })));
  }

  /** When the process ends without having been asked to, the plugin is restarted after a while. */
  #watch(record: PluginRecord, entry: Supervised, running: RunningProcess): void {
    running.exited.then(
      (exit) => {
        if (entry.running !== running) return;
        running.connection.close();
        entry.running = undefined;
        for (const attendant of this.#attendants) attendant.fellOver(record);
        if (Date.now() - entry.startedAt >= healthyAfterMs) entry.failures = 0;
        this.#step(record.id, entry, "exited");
        this.#retryLater(
          record,
          entry,
          `it exited with code ${exit.exitCode}${exit.oomKilled ? " (out of memory)" : ""}`,
        );
      },
      (error: unknown) => {
        if (!isCanceled(error))
          this.#options.logger.error({ plugin: record.id, err: error }, "plugin cannot be watched");
      },
    );
  }

  #retryLater(record: PluginRecord, entry: Supervised, reason: string): void {
    if (this.#closing.signal.aborted) return;
    const delayMs = restartDelayMs(entry.failures);
    entry.failures += 1;
    entry.reason = `${reason}; restart ${entry.failures} in ${delayMs / 1000} s`;
    this.#options.logger.warn(
      { plugin: record.id, name: record.name, reason, delayMs },
      "plugin is down: restarting it",
    );
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      void this.#options.queue.run(record.id, () => this.#retry(record.id, entry));
    }, delayMs);
  }

  async #retry(id: string, entry: Supervised): Promise<void> {
    const { state, process, logger } = this.#options;
    const record = state.plugins.get(id);
    if (record?.enabled !== true || entry.phase !== "backing-off" || this.#closing.signal.aborted) return;
    this.#step(id, entry, "retry");
    try {
      await process.clear(record);
      await this.#bringUp(record, entry, (signal) => process.start(record, signal));
      logger.info({ plugin: id, name: record.name, failures: entry.failures }, "plugin is up again");
    } catch (error) {
      this.#step(id, entry, "exited");
      this.#retryLater(record, entry, messageOf(error));
    }
  }

  #cancelRetry(entry: Supervised): void {
    clearTimeout(entry.timer);
    entry.timer = undefined;
  }

  #entry(id: string): Supervised {
    const known = this.#supervised.get(id);
    if (known !== undefined) return known;
    const entry: Supervised = {
      phase: "stopped",
      running: undefined,
      starting: undefined,
      startedAt: 0,
      failures: 0,
      reason: "not started yet",
      timer: undefined,
    };
    this.#supervised.set(id, entry);
    return entry;
  }

  #step(id: string, entry: Supervised, transition: PluginTransition): void {
    const next = nextPhase(entry.phase, transition);
    this.#options.logger.debug({ plugin: id, from: entry.phase, to: next }, "plugin changes phase");
    entry.phase = next;
    this.#options.onTransition?.(id, transition);
  }
}

const ignore = (): void => undefined;
