import type { ContainerRecord } from "../../core/container/record.ts";
import type { Layout } from "../../core/layout.ts";
import { journalEncoder, journalFields } from "../../core/log/journal-entry.ts";
import { jsonLine } from "../../core/log/json-line.ts";
import type { LogMessage } from "../../core/log/line-assembler.ts";
import { logAttributes } from "../../core/log/log-attributes.ts";
import { jsonFileLimits, localLimits, pluginLogSettings } from "../../core/log/log-config.ts";
import type { LogSubject } from "../../core/log/log-tag.ts";
import type { Host } from "../../core/ports/host.ts";
import type { LogPipes } from "../../core/ports/log-pipes.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  JournalLogs,
  JsonLogFiles,
  LogBatches,
  LogEntry,
  LogQuery,
  OutputFile,
  ProcessLogs,
  ReadProgress,
} from "../../core/ports/logs.ts";
import type { ContainerLog } from "./container-log.ts";
import { DiskWatch } from "./disk-watch.ts";
import { FollowedContainerLog } from "./followed-container-log.ts";
import { KeptOutput, KeptOutputLog } from "./kept-output-log.ts";
import { checkJournal, type LogDrivers } from "./log-drivers.ts";
import { OutputTrimmer } from "./output-trimmer.ts";
import { PluginContainerLog } from "./plugin-container-log.ts";
import type { Dropped } from "./plugin-delivery.ts";
import { PluginWatch } from "./plugin-watch.ts";

export interface ContainerLogsPorts {
  readonly layout: Layout;
  readonly logs: ProcessLogs;
  readonly output: OutputFile;
  readonly jsonLogs: JsonLogFiles;
  readonly journal: JournalLogs;
  readonly pipes: LogPipes;
  readonly host: Pick<Host, "readSmallFile" | "writeFile">;
  readonly drivers: Pick<LogDrivers, "plugin" | "awaitedPlugin">;
  /** Told of output that a plugin did not get, for whoever counts it. */
  readonly onDropped: (record: ContainerRecord, dropped: Dropped) => void;
  readonly logger: Logger;
}

/** The journal outlives the container. */
const journalPartingMs = 2_000;

/** What is read and passed on at once counts as behind. */
const leastBufferBytes = 1024 * 1024;

/** The log of every container, by its driver. */
export class ContainerLogs {
  readonly #ports: ContainerLogsPorts;
  readonly #logs = new Map<string, ContainerLog>();
  readonly #watch: PluginWatch;
  readonly #disk: DiskWatch;
  readonly #progress = new Map<string, Set<ReadProgress>>();

  constructor(ports: ContainerLogsPorts) {
    this.#ports = ports;
    this.#watch = new PluginWatch(ports.drivers);
    this.#disk = new DiskWatch({ ...ports, dir: ports.layout.containers });
  }

  /** Before a run's process is made. */
  beginRun(record: ContainerRecord, signal?: AbortSignal): Promise<void> {
    return this.#log(record).beginRun(logSubject(record), signal);
  }

  /** Its output is written whole, or it never began. */
  endRun(id: string): void {
    this.#logs.get(id)?.endRun();
  }

  adopt(record: ContainerRecord, isRunning: boolean): Promise<void> {
    return this.#log(record).adopt(logSubject(record), isRunning);
  }

  /** What can be read again, as `logs` shows it. */
  read(record: ContainerRecord, query: LogQuery): Promise<LogBatches> {
    return this.#log(record).read(logSubject(record), query);
  }

  /** The output from now on, of whatever driver. */
  live(id: string, query: LogQuery): LogBatches {
    return this.#live(id, {
      ...query,
      fromOffset: this.#ports.output.sizeNow(this.#ports.layout.container(id).log),
    });
  }

  async *#live(id: string, query: LogQuery): AsyncGenerator<readonly LogEntry[]> {
    const { logs, layout } = this.#ports;
    const progress: ReadProgress = { offset: query.fromOffset ?? 0 };
    const all = this.#progress.get(id) ?? new Set();
    this.#progress.set(id, all);
    all.add(progress);
    try {
      yield* logs.readBatches(layout.container(id).log, { ...query, progress });
    } finally {
      all.delete(progress);
      if (all.size === 0) this.#progress.delete(id);
    }
  }

  /** The container's files are about to go. */
  async remove(id: string): Promise<void> {
    const log = this.#logs.get(id);
    this.#logs.delete(id);
    await log?.remove();
  }

  async close(): Promise<void> {
    this.#watch.close();
    this.#disk.close();
    await Promise.all([...this.#logs.values()].map((log) => log.close()));
    await this.#ports.journal.close();
  }

  #log(record: ContainerRecord): ContainerLog {
    const known = this.#logs.get(record.id);
    if (known !== undefined) return known;
    this.#disk.begin();
    const made = this.#make(record);
    this.#logs.set(record.id, made);
    return made;
  }

  #make(record: ContainerRecord): ContainerLog {
    const { layout, logs, output, jsonLogs, journal, logger } = this.#ports;
    const { id } = record;
    const paths = layout.container(id);
    const neededFrom = (): number =>
      Math.min(...[...(this.#progress.get(id) ?? [])].map(({ offset }) => offset));
    const trimmer = new OutputTrimmer({ output, path: paths.log, neededFrom, logger });
    const common = { id, path: paths.log, output, trimmer, logger };
    const { Type, Config } = record.hostConfig.LogConfig;
    if (Type === "json-file") {
      const limits = jsonFileLimits(Config);
      const log = jsonLogs.open({ path: paths.jsonLog, statePath: paths.jsonLogState, limits });
      const encoder = (attributes: string) => (message: LogMessage) => jsonLine(message, attributes);
      return new FollowedContainerLog({ ...common, log, attributesOf, encoder, partingMs: 0 });
    }
    if (Type === "journald") {
      return new FollowedContainerLog({
        ...common,
        log: journal.open({ containerId: id, statePath: paths.journalLogState }),
        attributesOf: journalFields,
        encoder: journalEncoder,
        check: () => checkJournal(journal.isThere()),
        partingMs: journalPartingMs,
      });
    }
    if (Type === "local") {
      const { maxBytes, maxFiles } = localLimits(Config);
      return new KeptOutputLog({ ...common, logs, keepBytes: maxBytes * maxFiles });
    }
    if (Type === "none") return new KeptOutputLog({ ...common, logs, keepBytes: undefined });
    const { bufferBytes, cacheBytes } = pluginLogSettings(Config);
    const { pipes, host, drivers } = this.#ports;
    return new PluginContainerLog({
      ...common,
      containerId: id,
      driver: Type,
      drivers,
      pipes,
      pipeDir: layout.logPipes,
      bufferBytes: Math.max(bufferBytes, leastBufferBytes),
      statePath: paths.pluginLogState,
      host,
      watch: this.#watch,
      kept: new KeptOutput({ ...common, logs, keepBytes: cacheBytes }),
      onDropped: (dropped) => this.#ports.onDropped(record, dropped),
    });
  }
}

/** As `json-file` keeps them; empty if there are none. */
function attributesOf(subject: LogSubject): string {
  const attributes = logAttributes(subject);
  return Object.keys(attributes).length === 0 ? "" : JSON.stringify(attributes);
}

/** What a driver is told of a container. */
function logSubject(record: ContainerRecord): LogSubject {
  const { id, name, imageId, createdAt, config, hostConfig } = record;
  return {
    id,
    name,
    imageId,
    imageName: config.image,
    command: [...config.entrypoint, ...config.cmd],
    createdAt,
    env: config.env,
    labels: config.labels,
    config: hostConfig.LogConfig.Config,
    hostname: config.hostname,
  };
}
