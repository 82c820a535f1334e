import { EngineError, messageOf } from "../../core/errors.ts";
import type { Layout } from "../../core/layout.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { collectsMetrics } from "../../core/plugin/served-types.ts";
import type { Host } from "../../core/ports/host.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ProcessLogs } from "../../core/ports/logs.ts";
import type { PluginConnection, PluginConnector } from "../../core/ports/plugin-connection.ts";
import type { ProcessExit, Runtime } from "../../core/ports/runtime.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import { metricsLink, pluginSpec } from "../../core/runtime-spec/plugin-spec.ts";
import { settleAll } from "../../core/settle-all.ts";
import type { PluginNetworks } from "../networks/plugin-networks.ts";
import { forwardOutput, lastLines } from "./plugin-output.ts";

export interface PluginProcessPorts {
  readonly runtime: Runtime;
  readonly snapshots: Snapshots;
  readonly host: Host;
  readonly networks: PluginNetworks;
  readonly connector: PluginConnector;
  readonly logs: ProcessLogs;
  readonly layout: Layout;
  readonly logger: Logger;
  /** How long a plugin may take until its socket accepts connections. */
  readonly startTimeoutMs: number;
}

/** A plugin that is up. */
export interface RunningProcess {
  readonly connection: PluginConnection;
  /** Resolves when its process has ended; rejects if watching was given up. */
  readonly exited: Promise<ProcessExit>;
  /** Ends the watching, not the process. */
  readonly abandon: () => void;
}

const namespace = "plugins.moby";
/** Past this the kept output of one plugin starts anew. */
const logLimitBytes = 16 * 1024 * 1024;
const stopTimeoutMs = 10_000;

/** Starts, adopts and stops the process of one plugin, with all that belongs to it on the host. */
export class PluginProcess {
  readonly #ports: PluginProcessPorts;

  constructor(ports: PluginProcessPorts) {
    this.#ports = ports;
  }

  /** Brings a plugin up; resolves when its socket accepts connections. If that fails, nothing of it is left. */
  async start(record: PluginRecord, signal: AbortSignal): Promise<RunningProcess> {
    const watching = new AbortController();
    try {
      return await this.#bringUp(record, signal, watching);
    } catch (error) {
      watching.abort();
      await this.#tearDown(record).catch((left: unknown) =>
        this.#ports.logger.error({ plugin: record.id, err: left }, "failed start could not be undone whole"),
      );
      throw error;
    }
  }

  async #bringUp(
    record: PluginRecord,
    signal: AbortSignal,
    watching: AbortController,
  ): Promise<RunningProcess> {
    const since = new Date();
    const spec = await this.#prepare(record);
    const { runtime, layout, logger } = this.#ports;
    const { bundle, log } = layout.plugin(record.id);
    await runtime.create({ namespace, id: record.id, bundle, spec, logPath: log, logLimitBytes }, signal);
    const exited = runtime.waitForExit(namespace, record.id, watching.signal);
    exited.catch((error: unknown) =>
      logger.debug({ plugin: record.id, err: error }, "stopped watching a plugin"),
    );
    forwardOutput(this.#ports, record.id, log, exited, watching.signal);
    await runtime.start(namespace, record.id);
    await this.#untilListening(record, exited, { signal, since });
    return this.#running(record, exited, watching);
  }

  /** Takes over a plugin that an earlier engine left running; undefined if it does not run. */
  async adopt(record: PluginRecord, signal: AbortSignal): Promise<RunningProcess | undefined> {
    const { runtime, layout } = this.#ports;
    const state = await runtime.state(namespace, record.id);
    if (state.status !== "running") return undefined;
    const watching = new AbortController();
    const exited = runtime.waitForExit(namespace, record.id, watching.signal);
    forwardOutput(this.#ports, record.id, layout.plugin(record.id).log, exited, watching.signal);
    try {
      await this.#untilListening(record, exited, { signal, since: new Date() });
    } catch (error) {
      watching.abort();
      this.#ports.logger.warn(
        { plugin: record.id, err: error },
        "plugin runs and does not answer: started anew",
      );
      await this.stop(record);
      return undefined;
    }
    return this.#running(record, exited, watching);
  }

  /** Ends the process (SIGTERM, after ten seconds SIGKILL) and takes down what belongs to it. */
  async stop(record: PluginRecord): Promise<void> {
    const { runtime, logger } = this.#ports;
    const state = await runtime.state(namespace, record.id);
    if (state.status === "running" || state.status === "paused") {
      const exited = runtime.waitForExit(namespace, record.id, AbortSignal.timeout(stopTimeoutMs));
      try {
        await runtime.kill(namespace, record.id, "SIGTERM");
        await exited;
      } catch (error) {
        exited.catch(() => undefined);
        logger.warn(
          { plugin: record.id, reason: messageOf(error) },
          "plugin did not stop when asked: killed",
        );
      }
    }
    await this.#tearDown(record);
  }

  /** Removes the process after it has ended, keeping its mounts for the one that follows. */
  async clear(record: PluginRecord): Promise<void> {
    await this.#ports.runtime.delete(namespace, record.id);
  }

  async #prepare(record: PluginRecord) {
    const { snapshots, host, layout } = this.#ports;
    const { config, settings } = record;
    const paths = layout.plugin(record.id);
    requireReachable(`${paths.socketDir}/${config.Interface.Socket}`);
    const owner = { uid: config.User.UID, gid: config.User.GID };
    const rootfs = async (): Promise<void> => {
      await host.ensureDir(paths.dir, 0o700);
      const layers = record.layers.map(({ diffId }) => diffId);
      await snapshots.mount({ key: record.rootfsKey, layers, target: paths.rootfs });
      await host.prepareRootfs(paths.rootfs, collectsMetrics(config) ? [metricsLink] : []);
    };
    const propagated = async (): Promise<void> => {
      if (config.PropagatedMount === "") return;
      await host.ensureDir(paths.propagatedMount, 0o755);
      await host.makeSharedMount(paths.propagatedMount);
    };
    const sockets = async (): Promise<void> => {
      await host.ensureDir(paths.socketDir, 0o700, owner);
      if (config.Interface.Socket !== "")
        await host.removeTree(`${paths.socketDir}/${config.Interface.Socket}`);
    };
    const nodes = async () =>
      (await Promise.all(settings.Devices.map(({ Path }) => host.deviceNodes(Path ?? "")))).flat();
    const [devices, networkNamespace] = await settleAll([
      nodes(),
      this.#joinNetwork(record),
      rootfs().then(propagated),
      sockets(),
    ]);
    return pluginSpec(record, {
      rootfs: paths.rootfs,
      socketDir: paths.socketDir,
      propagatedMount: config.PropagatedMount === "" ? undefined : paths.propagatedMount,
      devices,
      networkNamespace,
      metricsDir: layout.pluginMetrics.dir,
    });
  }

  /** A `bridge` network is a real one; where the engine has none, the plugin has none either, and the log says so. */
  async #joinNetwork(record: PluginRecord): Promise<string | undefined> {
    const { networks, logger } = this.#ports;
    if (record.config.Network.Type !== "bridge") return undefined;
    if (networks.available()) return networks.join(record.id);
    logger.warn(
      { plugin: record.id },
      "plugin asks for the bridge network and there is none: started without one",
    );
    return undefined;
  }

  async #untilListening(
    record: PluginRecord,
    exited: Promise<ProcessExit>,
    { signal, since }: { readonly signal: AbortSignal; readonly since: Date },
  ): Promise<void> {
    const { connector, layout, startTimeoutMs } = this.#ports;
    const { Socket } = record.config.Interface;
    const { socketDir } = layout.plugin(record.id);
    const ended = new AbortController();
    const listening = connector.waitUntilListening(`${socketDir}/${Socket}`, {
      timeoutMs: startTimeoutMs,
      signal: AbortSignal.any([signal, ended.signal]),
    });
    const outcome = await Promise.race([listening.then(() => undefined), exited]).catch(
      async (error: unknown) => {
        throw await this.#withOutput(record, since, error);
      },
    );
    if (outcome === undefined) return;
    listening.catch(() => undefined);
    ended.abort();
    const failure = new EngineError(
      "internal",
      `dial unix ${socketDir}/${Socket}: connect: no such file or directory (the plugin exited with code ${outcome.exitCode} before it listened)`,
    );
    throw await this.#withOutput(record, since, failure);
  }

  async #withOutput(record: PluginRecord, since: Date, error: unknown): Promise<EngineError> {
    const kind = error instanceof EngineError ? error.kind : "internal";
    if (kind === "canceled")
      return new EngineError("canceled", `enabling ${record.name}: canceled`, { cause: error });
    const output = await lastLines(this.#ports.logs, this.#ports.layout.plugin(record.id).log, since);
    const said = output === "" ? "" : `; its last output: ${output}`;
    return new EngineError("internal", `${messageOf(error)}${said}`, { cause: error });
  }

  #running(record: PluginRecord, exited: Promise<ProcessExit>, watching: AbortController): RunningProcess {
    const { connector, layout } = this.#ports;
    const socket = `${layout.plugin(record.id).socketDir}/${record.config.Interface.Socket}`;
    const options = { plugin: record.name, timeoutMs: record.timeoutSeconds * 1000 };
    const connection = connector.open({ socketPath: socket }, options);
    return { connection, exited, abandon: () => watching.abort() };
  }

  async #tearDown(record: PluginRecord): Promise<void> {
    const { runtime, snapshots, host, networks, layout } = this.#ports;
    const paths = layout.plugin(record.id);
    await runtime.delete(namespace, record.id);
    if (record.config.Network.Type === "bridge") await networks.leave(record.id);
    await host.unmountBelow(paths.propagatedMount);
    await snapshots.unmount(paths.rootfs);
    // What a plugin mounts in there is seen on the host as well.
    await host.unmountBelow(paths.socketDir);
    await host.removeTree(paths.socketDir);
  }
}

/** The kernel's limit for paths of UNIX sockets, less the final zero. */
const socketPathBytes = 107;

function requireReachable(socket: string): void {
  const length = new TextEncoder().encode(socket).byteLength;
  if (length <= socketPathBytes) return;
  throw new EngineError(
    "invalid",
    `socket ${socket}: a path of ${length} bytes, and UNIX sockets have ${socketPathBytes} at most: use a shorter Interface.Socket or --plugin-socket-dir`,
  );
}
