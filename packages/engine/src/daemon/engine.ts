import { TarArchives } from "../adapters/archives/tar-archives.ts";
import { compression } from "../adapters/compression/gzip.ts";
import { DiskContentStore } from "../adapters/content/disk-content-store.ts";
import { RegistryClient } from "../adapters/distribution/registry-client.ts";
import { LinuxHost } from "../adapters/host/linux-host.ts";
import { LocalVolumes } from "../adapters/local-volumes/local-volumes.ts";
import { K8sFileLogs } from "../adapters/logs/k8s-file-logs.ts";
import { readHostFacts } from "../adapters/host-facts/read-host-facts.ts";
import { CniNetwork } from "../adapters/network/cni-network.ts";
import { ConmonInput } from "../adapters/process-input/conmon-input.ts";
import { pluginConnector } from "../adapters/rpc/plugin-connector.ts";
import { ConmonRuntime } from "../adapters/runtime/conmon-runtime.ts";
import { OverlaySnapshots } from "../adapters/snapshots/overlay-snapshots.ts";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import { KeyedQueue } from "../core/keyed-queue.ts";
import { Layout } from "../core/layout.ts";
import type { Logger } from "../core/ports/logger.ts";
import { containerRoutes } from "../http/routes/containers.ts";
import { imageRoutes } from "../http/routes/images.ts";
import { pluginRoutes } from "../http/routes/plugins.ts";
import { systemRoutes } from "../http/routes/system.ts";
import { volumeRoutes } from "../http/routes/volumes.ts";
import { type ApiServer, createApiServer } from "../http/server.ts";
import { containerServices } from "../services/containers/container-services.ts";
import { VolumeDrivers } from "../services/drivers/volume-drivers.ts";
import { EventBus } from "../services/events/event-bus.ts";
import { GarbageCollector } from "../services/garbage/garbage-collector.ts";
import { imageServices } from "../services/images/image-services.ts";
import { PluginCreator } from "../services/plugins/plugin-creator.ts";
import { PluginFetcher } from "../services/plugins/plugin-fetcher.ts";
import { PluginProcess } from "../services/plugins/plugin-process.ts";
import { PluginPusher } from "../services/plugins/plugin-pusher.ts";
import { PluginService } from "../services/plugins/plugin-service.ts";
import { Supervisor } from "../services/plugins/supervisor.ts";
import { SystemService } from "../services/system/system-service.ts";
import { VolumeMounts } from "../services/volumes/volume-mounts.ts";
import { VolumeService } from "../services/volumes/volume-service.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { architecture, engineFacts } from "./engine-facts.ts";
import { findCommand } from "./find-command.ts";
import { clearLeftovers } from "./leftovers.ts";
import { version } from "./version.ts";

/** An engine that is constructed and does not serve yet. */
export interface Engine {
  readonly server: ApiServer;
  /**
   * Clears what a killed engine left and begins to take over or start what should be running; answers a promise for
   * when each plugin and container has been tried. Requests can be served meanwhile.
   */
  begin(): Promise<{ readonly restored: Promise<void> }>;
  /** Ends requests and lets go of everything; plugins and containers go on, unless live-restore is off. */
  stop(): Promise<void>;
}

async function makeDirectories(host: LinuxHost, layout: Layout): Promise<void> {
  const { data, exec, pluginSockets } = layout.roots;
  for (const dir of [data, exec, pluginSockets]) await host.ensureDir(dir, 0o711);
  for (const dir of [layout.plugins, layout.containers]) await host.ensureDir(dir, 0o700);
  await host.ensureDir(layout.volumes, 0o701);
}

/** Constructs the engine: the only place that knows both services and adapters. */
export async function createEngine(configuration: Configuration, logger: Logger): Promise<Engine> {
  const { dataRoot, execRoot, pluginSocketDir } = configuration;
  const layout = new Layout({ data: dataRoot, exec: execRoot, pluginSockets: pluginSocketDir });
  const host = new LinuxHost();
  await makeDirectories(host, layout);

  const state = new SqliteState(layout.database);
  const content = new DiskContentStore(layout.content);
  const snapshots = await OverlaySnapshots.open(layout.snapshots, { logger });
  const runtime = new ConmonRuntime({
    runcPath: findCommand(configuration.runc, process.env),
    conmonPath: findCommand(configuration.conmon, process.env),
    stateRoot: `${execRoot}/runtime-runc`,
    exitDir: `${execRoot}/exits`,
    persistDir: `${execRoot}/processes`,
    logger,
  });
  const logs = new K8sFileLogs();
  const registry = new RegistryClient({
    insecureRegistries: configuration.insecureRegistries,
    registryMirrors: configuration.registryMirrors,
    certsDir: configuration.certsDir,
    userAgent: `docker/${version} davit/${version}`,
    logger,
  });
  const network = new CniNetwork({
    stateDir: `${execRoot}/network`,
    pluginDirs: configuration.cniDirs,
    bridge: configuration.bridgeName,
    subnet: configuration.bridgeSubnet,
    logger,
  });
  const archives = new TarArchives({ tempDir: `${dataRoot}/tmp` });

  const platform = { os: "linux", architecture };
  const events = new EventBus({ now: () => performance.timeOrigin + performance.now(), logger });
  const garbage = new GarbageCollector({ state, content, snapshots }, logger);
  const pluginQueue = new KeyedQueue();
  const supervisor = new Supervisor({
    state,
    process: new PluginProcess({
      runtime,
      snapshots,
      host,
      network,
      connector: pluginConnector,
      logs,
      layout,
      logger,
      startTimeoutMs: configuration.pluginStartTimeout * 1000,
    }),
    queue: pluginQueue,
    logger,
  });
  const plugins = new PluginService({
    state,
    supervisor,
    fetcher: new PluginFetcher({
      registry,
      content,
      snapshots,
      platform,
    }),
    creator: new PluginCreator({ archives, compression, content, snapshots }),
    pusher: new PluginPusher({ registry, content }),
    garbage,
    host,
    layout,
    queue: pluginQueue,
    events,
    logger,
  });
  const volumeQueue = new KeyedQueue();
  const builtIn = new LocalVolumes({
    root: layout.volumes,
    mountedElsewhere: (name, mountId) => volumeMounts.mountedElsewhere(name, mountId),
  });
  const drivers = new VolumeDrivers({ builtIn, plugins, layout, logger });
  const volumes = new VolumeService({ state, drivers, queue: volumeQueue, events, logger });
  const volumeMounts = new VolumeMounts({ state, volumes, drivers, queue: volumeQueue, events, logger });

  const imagePorts = { state, content, snapshots, garbage, events, registry, archives, platform };
  const images = imageServices(imagePorts);
  const containers = containerServices({
    state,
    runtime,
    input: new ConmonInput({ socatPath: findCommand("socat", process.env) }),
    snapshots,
    logs,
    host,
    network,
    layout,
    logger,
    events,
    volumes: volumeMounts,
    images: images.images,
    garbage,
  });

  const system = new SystemService({
    engine: await engineFacts(configuration, logger),
    state,
    registry,
    readHostFacts,
    now: () => new Date(),
  });

  const server = createApiServer({
    engine: { name: "Davit", version },
    logger,
    routes: [
      ...systemRoutes({ system, events }),
      ...pluginRoutes(plugins),
      ...volumeRoutes(volumes),
      ...containerRoutes(containers),
      ...imageRoutes(images),
    ],
  });

  return {
    server,
    async begin() {
      await clearLeftovers({ state, runtime, host, layout, logger });
      await garbage.collect();
      const restored = Promise.all([plugins.restore(), volumes.restore(), containers.restore()]);
      return { restored: restored.then(() => undefined) };
    },
    async stop() {
      await server.close({ graceMs: configuration.shutdownTimeout * 1000 });
      if (!configuration.liveRestore) await containers.lifecycle.stopAll();
      await containers.close();
      if (configuration.liveRestore) supervisor.close();
      else await plugins.stopAll();
      await pluginQueue.idle();
      state.close();
    },
  };
}
