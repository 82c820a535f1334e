import { hostname } from "node:os";
import { TarArchives } from "../adapters/archives/tar-archives.ts";
import { compression } from "../adapters/compression/gzip.ts";
import { LinuxContainerFiles } from "../adapters/container-files/linux-container-files.ts";
import { DiskContentStore } from "../adapters/content/disk-content-store.ts";
import { measureTree } from "../adapters/disk-usage/measure-tree.ts";
import { RegistryClient } from "../adapters/distribution/registry-client.ts";
import { LinuxHost } from "../adapters/host/linux-host.ts";
import { readHostFacts } from "../adapters/host-facts/read-host-facts.ts";
import { LocalVolumes } from "../adapters/local-volumes/local-volumes.ts";
import { K8sFileLogs } from "../adapters/logs/k8s-file-logs.ts";
import { LinuxMountFiles } from "../adapters/mount-files/linux-mount-files.ts";
import { CniNetwork } from "../adapters/network/cni-network.ts";
import { FreePorts } from "../adapters/network/free-ports.ts";
import { ConmonInput } from "../adapters/process-input/conmon-input.ts";
import { pluginConnector } from "../adapters/rpc/plugin-connector.ts";
import { ConmonRuntime } from "../adapters/runtime/conmon-runtime.ts";
import { RuncControl } from "../adapters/runtime/runc-control.ts";
import { OverlaySnapshots } from "../adapters/snapshots/overlay-snapshots.ts";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import { KeyedQueue } from "../core/keyed-queue.ts";
import { Layout } from "../core/layout.ts";
import type { Logger } from "../core/ports/logger.ts";
import { containerArchiveRoutes } from "../http/routes/container-archive.ts";
import { containerProcessRoutes } from "../http/routes/container-processes.ts";
import { containerRoutes } from "../http/routes/containers.ts";
import { diskUsageRoutes } from "../http/routes/disk-usage.ts";
import { execRoutes } from "../http/routes/exec.ts";
import { imageRoutes } from "../http/routes/images.ts";
import { pluginArchiveRoutes } from "../http/routes/plugin-archives.ts";
import { pluginRoutes } from "../http/routes/plugins.ts";
import { systemRoutes } from "../http/routes/system.ts";
import { volumeRoutes } from "../http/routes/volumes.ts";
import { type ApiServer, createApiServer } from "../http/server.ts";
import { containerServices } from "../services/containers/container-services.ts";
import { VolumeDrivers } from "../services/drivers/volume-drivers.ts";
import { EventBus } from "../services/events/event-bus.ts";
import { GarbageCollector } from "../services/garbage/garbage-collector.ts";
import { imageServices } from "../services/images/image-services.ts";
import { PluginProcess } from "../services/plugins/plugin-process.ts";
import { pluginServices } from "../services/plugins/plugin-services.ts";
import { Supervisor } from "../services/plugins/supervisor.ts";
import { DiskUsage } from "../services/system/disk-usage.ts";
import { SystemService } from "../services/system/system-service.ts";
import { VolumeMounts } from "../services/volumes/volume-mounts.ts";
import { VolumeService } from "../services/volumes/volume-service.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { planReload, type Reload, reloadableValues } from "./configuration/reload.ts";
import { architecture, engineFacts } from "./engine-facts.ts";
import { findCommand } from "./find-command.ts";
import { clearLeftovers } from "./leftovers.ts";
import { createEngineMetrics } from "./metrics/engine-metrics.ts";
import { MetricsServer } from "./metrics/metrics-server.ts";
import { observedConnector } from "./metrics/observed-connector.ts";
import { observedEvents } from "./metrics/observed-events.ts";
import { observedRoutes } from "./metrics/observed-routes.ts";
import { addStateGauges, observedHostFacts, setEngineGauges } from "./metrics/state-gauges.ts";
import { lockRoots } from "./root-lock.ts";
import { SwitchableRegistry } from "./switchable-registry.ts";
import { version } from "./version.ts";

/** An engine that is constructed and does not serve yet. */
export interface Engine {
  readonly server: ApiServer;
  /**
   * Clears what a killed engine left and begins to take over or start what should be running; answers a promise for
   * when each plugin and container has been tried. Requests can be served meanwhile.
   */
  begin(): Promise<{ readonly restored: Promise<void> }>;
  /** Takes over what it can of changed settings; fails, and changes nothing, if they cannot be. */
  reload(wanted: Configuration): Reload;
  /** Ends requests and lets go of everything; plugins and containers go on, unless live-restore is off. */
  stop(): Promise<void>;
}

async function makeDirectories(host: LinuxHost, layout: Layout): Promise<void> {
  const { data, exec, pluginSockets } = layout.roots;
  for (const dir of [data, exec, pluginSockets]) await host.ensureDir(dir, 0o711);
  for (const dir of [layout.plugins, layout.containers]) await host.ensureDir(dir, 0o700);
  await host.ensureDir(layout.volumes, 0o701);
}

const registryClient = (configuration: Configuration, logger: Logger): RegistryClient =>
  new RegistryClient({
    insecureRegistries: configuration.insecureRegistries,
    registryMirrors: configuration.registryMirrors,
    certsDir: configuration.certsDir,
    userAgent: `docker/${version} davit/${version}`,
    logger,
  });

/** Constructs the engine: the only place that knows both services and adapters. */
export async function createEngine(configuration: Configuration, logger: Logger): Promise<Engine> {
  const { dataRoot, execRoot, pluginSocketDir } = configuration;
  const layout = new Layout({ data: dataRoot, exec: execRoot, pluginSockets: pluginSocketDir });
  const locks = lockRoots([dataRoot, execRoot]);
  const host = new LinuxHost();
  await makeDirectories(host, layout);
  // What SIGHUP changes; everything else is the first one's for good.
  const settings = { current: configuration };
  const metrics = createEngineMetrics();

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
  const registry = new SwitchableRegistry(registryClient(configuration, logger));
  const network = new CniNetwork({
    stateDir: `${execRoot}/network`,
    pluginDirs: configuration.cniDirs,
    bridge: configuration.bridgeName,
    subnet: configuration.bridgeSubnet,
    logger,
  });
  const archives = new TarArchives({ tempDir: `${dataRoot}/tmp` });

  const platform = { os: "linux", architecture };
  const now = (): number => performance.timeOrigin + performance.now();
  const events = observedEvents(new EventBus({ now, logger }), metrics);
  const garbage = new GarbageCollector({ state, content, snapshots }, logger);
  const pluginQueue = new KeyedQueue();
  const pluginName = (id = ""): string => state.plugins.get(id)?.name ?? id;
  const supervisor = new Supervisor({
    state,
    process: new PluginProcess({
      runtime,
      snapshots,
      host,
      network,
      connector: observedConnector(pluginConnector, metrics, (socket) =>
        pluginName(socket.split("/").at(-2)),
      ),
      logs,
      layout,
      logger,
      get startTimeoutMs() {
        return settings.current.pluginStartTimeout * 1000;
      },
    }),
    queue: pluginQueue,
    logger,
    onTransition: (id, transition) => {
      if (transition === "retry") metrics.pluginRestarts.inc({ plugin: pluginName(id) });
    },
  });
  const plugins = pluginServices({
    state,
    supervisor,
    queue: pluginQueue,
    registry,
    content,
    snapshots,
    archives,
    compression,
    platform,
    garbage,
    host,
    layout,
    events,
    logger,
  });
  const volumeQueue = new KeyedQueue();
  const builtIn = new LocalVolumes({
    root: layout.volumes,
    mountedElsewhere: (name, mountId) => volumeMounts.mountedElsewhere(name, mountId),
  });
  const drivers = new VolumeDrivers({ builtIn, plugins: plugins.catalog, layout, logger });
  const volumes = new VolumeService({ state, drivers, queue: volumeQueue, events, logger });
  const volumeMounts = new VolumeMounts({ state, volumes, drivers, queue: volumeQueue, events, logger });

  const imagePorts = {
    state,
    content,
    snapshots,
    garbage,
    events,
    registry,
    archives,
    compression,
    platform,
  };
  const images = imageServices(imagePorts);
  const containers = containerServices({
    state,
    runtime,
    input: new ConmonInput({ socatPath: findCommand("socat", process.env) }),
    control: new RuncControl({
      runcPath: findCommand(configuration.runc, process.env),
      conmonPath: findCommand(configuration.conmon, process.env),
      stateRoot: `${execRoot}/runtime-runc`,
    }),
    snapshots,
    logs,
    host,
    files: new LinuxContainerFiles(),
    mountFiles: new LinuxMountFiles(),
    hostPorts: new FreePorts(),
    architecture,
    network,
    layout,
    logger,
    events,
    volumes: volumeMounts,
    images: images.images,
    garbage,
  });

  const facts = await engineFacts(settings, logger);
  const hostFacts = observedHostFacts(readHostFacts, metrics);
  addStateGauges(metrics.registry, { state, pluginPhase: (id) => supervisor.phase(id) });
  const metricsServer = new MetricsServer(metrics.registry);
  const diskUsage = new DiskUsage({
    state,
    snapshots,
    images: images.images,
    containers: containers.containers,
    volumes,
    measureTree,
    logger,
  });
  const system = new SystemService({
    engine: facts,
    state,
    registry,
    readHostFacts: hostFacts,
    now: () => new Date(),
  });

  const server = createApiServer({
    engine: { name: "Davit", version },
    logger,
    routes: observedRoutes(
      [
        ...systemRoutes({ system, events }),
        ...pluginRoutes(plugins),
        ...pluginArchiveRoutes(plugins.archiver),
        ...volumeRoutes(volumes),
        ...containerRoutes(containers),
        ...execRoutes(containers.exec),
        ...containerArchiveRoutes(containers),
        ...containerProcessRoutes(containers),
        ...imageRoutes(images),
        ...diskUsageRoutes(diskUsage),
      ],
      metrics,
    ),
  });

  let restored = Promise.resolve();
  return {
    server,
    async begin() {
      setEngineGauges(metrics, facts, await hostFacts());
      await metricsServer.listenOnSocket(`${execRoot}/metrics.sock`);
      if (configuration.metricsAddr !== "") {
        const address = await metricsServer.listenOnTcp(configuration.metricsAddr);
        logger.info({}, `metrics API listening on ${address}`);
      }
      await clearLeftovers({ state, runtime, host, layout, logger });
      await garbage.collect();
      // Their volumes' drivers first: a container is started again even if one of them could not be.
      const drivers = Promise.allSettled([plugins.lifecycle.restore(), volumes.restore()]);
      restored = Promise.all([drivers, containers.restore(drivers)]).then(() => undefined);
      return { restored };
    },
    reload(wanted) {
      const plan = planReload(settings.current, wanted);
      registry.switchTo(registryClient(plan.configuration, logger));
      settings.current = plan.configuration;
      const attributes = { ...reloadableValues(plan.configuration), name: hostname() };
      events.publish({ type: "daemon", action: "reload", id: facts.id, attributes });
      return plan;
    },
    async stop() {
      const { shutdownTimeout, liveRestore } = settings.current;
      await server.close({ graceMs: shutdownTimeout * 1000 });
      // A start under way is given up, or waited for, so that nothing comes up behind the stop.
      if (liveRestore) supervisor.close();
      await Promise.allSettled([restored]);
      if (!liveRestore) await containers.lifecycle.stopAll();
      await containers.close();
      if (!liveRestore) await plugins.lifecycle.stopAll();
      await pluginQueue.idle();
      await metricsServer[Symbol.asyncDispose]();
      state.close();
      locks[Symbol.dispose]();
    },
  };
}
