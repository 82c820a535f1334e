import { LocalVolumes } from "../adapters/local-volumes/local-volumes.ts";
import { pluginConnector } from "../adapters/rpc/plugin-connector.ts";
import { KeyedQueue } from "../core/keyed-queue.ts";
import type { ReadHostFacts } from "../core/ports/host-facts.ts";
import { AuthorizationChain } from "../services/authorization/authorization-chain.ts";
import { containerServices } from "../services/containers/container-services.ts";
import { VolumeDrivers } from "../services/drivers/volume-drivers.ts";
import { EveryEndpoint } from "../services/endpoints/every-endpoint.ts";
import { ManagedEndpoints } from "../services/endpoints/managed-endpoints.ts";
import { UnmanagedEndpoints } from "../services/endpoints/unmanaged-endpoints.ts";
import { EventBus } from "../services/events/event-bus.ts";
import { GarbageCollector } from "../services/garbage/garbage-collector.ts";
import { imageServices } from "../services/images/image-services.ts";
import { ContainerLogs } from "../services/logs/container-logs.ts";
import { LogDrivers } from "../services/logs/log-drivers.ts";
import { MetricsCollectors } from "../services/metrics/metrics-collectors.ts";
import { OfferedDoors } from "../services/offers/offered-doors.ts";
import { PluginOffers } from "../services/offers/plugin-offers.ts";
import { withoutDoors } from "../services/offers/without-doors.ts";
import { PluginProcess } from "../services/plugins/plugin-process.ts";
import { pluginServices } from "../services/plugins/plugin-services.ts";
import { Supervisor } from "../services/plugins/supervisor.ts";
import { DiskUsage } from "../services/system/disk-usage.ts";
import type { EngineFacts } from "../services/system/engine-facts.ts";
import { SystemService } from "../services/system/system-service.ts";
import { VolumeMounts } from "../services/volumes/volume-mounts.ts";
import { VolumeService } from "../services/volumes/volume-service.ts";
import { VolumeUnmounts } from "../services/volumes/volume-unmounts.ts";
import type { Adapters } from "./adapters.ts";
import { type Configuration, logDefaults } from "./configuration/configuration.ts";
import { architecture } from "./engine-facts.ts";
import type { EngineMetrics } from "./metrics/engine-metrics.ts";
import { observedConnector } from "./metrics/observed-connector.ts";
import { observedDrops } from "./metrics/observed-drops.ts";
import { observedEvents } from "./metrics/observed-events.ts";
import { createNetworks } from "./networks.ts";

export interface ServicesOptions {
  /** As they are now: SIGHUP changes them. */
  readonly settings: { readonly current: Configuration };
  readonly metrics: EngineMetrics;
  readonly facts: EngineFacts;
  readonly readHostFacts: ReadHostFacts;
}

export type Services = ReturnType<typeof createServices>;

/** What the product does, on the adapters; each service gets the ports it asks for. */
export function createServices(adapters: Adapters, options: ServicesOptions) {
  const { state, content, snapshots, layout, logger } = adapters;
  const { settings, metrics, facts, readHostFacts } = options;
  const now = (): number => performance.timeOrigin + performance.now();
  const events = observedEvents(new EventBus({ now, logger }), metrics);
  const garbage = new GarbageCollector({ state, content, snapshots }, logger);
  const platform = { os: "linux", architecture };
  const common = { ...adapters, events, garbage, platform };

  const network = createNetworks(adapters, { events, settings, endpoints: () => endpoints });

  const pluginQueue = new KeyedQueue();
  const connector = observedConnector(pluginConnector, metrics);
  const pluginName = (id: string): string => state.plugins.get(id)?.name ?? id;
  const metricsCollectors = new MetricsCollectors({ logger });
  const offeredDoors = new OfferedDoors(adapters);
  const supervisor = new Supervisor({
    state,
    process: new PluginProcess({
      ...adapters,
      networks: network.ofPlugins,
      connector,
      get startTimeoutMs() {
        return settings.current.pluginStartTimeout * 1000;
      },
    }),
    queue: pluginQueue,
    logger,
    attendants: [metricsCollectors, offeredDoors],
    onTransition: (id, transition) => {
      if (transition === "retry") metrics.pluginRestarts.inc({ plugin: pluginName(id) });
    },
  });
  const plugins = pluginServices({
    ...common,
    supervisor,
    queue: pluginQueue,
    guards: () => settings.current.authorizationPlugins,
  });

  const builtIn = new LocalVolumes({
    root: layout.volumes,
    mountedElsewhere: (name, mountId) => volumeMounts.mountedElsewhere(name, mountId),
  });
  const unmanaged = new UnmanagedEndpoints({
    ...adapters,
    discovery: withoutDoors(adapters.discovery, offeredDoors),
    onActivated: (plugin) => metricsCollectors.meet(plugin),
    connector,
    get retryMs() {
      return settings.current.pluginRetryTimeout * 1000;
    },
  });
  const managed = new ManagedEndpoints({ plugins: plugins.catalog, ...adapters });
  const endpoints = new EveryEndpoint({ managed, unmanaged });
  const authorization = new AuthorizationChain({
    endpoints,
    logger,
    settings: () => ({
      names: settings.current.authorizationPlugins,
      timeoutMs: settings.current.authorizationTimeout * 1000,
    }),
  });
  const logDrivers = new LogDrivers({ ...adapters, endpoints, defaults: logDefaults(settings.current) });
  const containerLogs = new ContainerLogs({
    ...adapters,
    drivers: logDrivers,
    onDropped: observedDrops({ metrics, events }),
  });
  const drivers = new VolumeDrivers({ builtIn, endpoints, logger });
  const unmounts = new VolumeUnmounts({ state, drivers, events, logger });
  const volumePorts = { state, drivers, unmounts, queue: new KeyedQueue(), events, logger };
  const volumes = new VolumeService(volumePorts);
  const volumeMounts = new VolumeMounts({ ...volumePorts, volumes });

  const images = imageServices(common);
  const containers = containerServices({
    ...common,
    architecture,
    volumes: volumeMounts,
    networks: network.ofContainers,
    networkCatalog: network.networks,
    images: images.images,
    containerLogs,
    logDrivers,
  });

  const diskUsage = new DiskUsage({
    ...adapters,
    images: images.images,
    containers: containers.containers,
    volumes,
  });
  const system = new SystemService({
    ...adapters,
    unmanaged,
    engine: facts,
    readHostFacts,
    now: () => new Date(),
  });
  return {
    authorization,
    events,
    garbage,
    pluginQueue,
    supervisor,
    plugins,
    unmanaged,
    metricsCollectors,
    offeredDoors,
    offers: new PluginOffers({ state, catalog: plugins.catalog, doors: offeredDoors }),
    volumes,
    volumeMounts,
    networks: {
      networks: network.networks,
      connections: containers.connections,
      names: network.names,
    },
    images,
    containers,
    diskUsage,
    system,
  };
}
