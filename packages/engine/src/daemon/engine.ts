import { hostname } from "node:os";
import { readHostFacts } from "../adapters/host-facts/read-host-facts.ts";
import { hasProcess } from "../core/container/transitions.ts";
import type { Logger } from "../core/ports/logger.ts";
import { authorization } from "../http/authorization.ts";
import { engineHeaders } from "../http/engine-headers.ts";
import { type ApiServer, createApiServer } from "../http/server.ts";
import { clearSandboxes } from "../services/networks/clear-sandboxes.ts";
import { type Adapters, createAdapters, registryClient } from "./adapters.ts";
import { apiRoutes } from "./api-routes.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { planReload, type Reload, reloadableValues } from "./configuration/reload.ts";
import { engineFacts } from "./engine-facts.ts";
import { clearLeftovers } from "./leftovers.ts";
import { createEngineMetrics } from "./metrics/engine-metrics.ts";
import { MetricsServer } from "./metrics/metrics-server.ts";
import { observedRoutes } from "./metrics/observed-routes.ts";
import { addStateGauges, observedHostFacts, setEngineGauges } from "./metrics/state-gauges.ts";
import { createServices } from "./services.ts";
import { StopSteps } from "./stop-steps.ts";
import { version } from "./version.ts";

/** How long the beginning of a blob is kept for a pull that goes on with it. */
const resumableForMs = 7 * 24 * 60 * 60 * 1000;

/** An engine that is constructed and does not serve yet. */
export interface Engine {
  readonly server: ApiServer;
  /**
   * Clears what a killed engine left, adopts plugins' directories that are new (until the signal fires), and begins to take over or start what should be running; answers a promise for
   * when each plugin and container has been tried. Requests can be served meanwhile.
   */
  begin(signal: AbortSignal): Promise<{ readonly restored: Promise<void> }>;
  /** Takes over what it can of changed settings; fails, and changes nothing, if they cannot be. */
  reload(wanted: Configuration): Promise<Reload>;
  /** Ends requests and lets go of everything; plugins and containers go on, unless live-restore is off. */
  stop(): Promise<void>;
}

/** Constructs the engine, from the ground up: adapters, services, API. */
export async function createEngine(configuration: Configuration, logger: Logger): Promise<Engine> {
  // What SIGHUP changes; everything else is the first one's for good.
  const settings = { current: configuration };
  const adapters = await createAdapters(configuration, logger);
  const metrics = createEngineMetrics();
  const facts = await engineFacts(settings, adapters);
  const hostFacts = observedHostFacts(readHostFacts, metrics);
  const services = createServices(adapters, { settings, metrics, facts, readHostFacts: hostFacts });
  const { plugins, volumes, volumeMounts, networks, containers, events, garbage, supervisor, pluginQueue } =
    services;
  addStateGauges(metrics.registry, {
    state: adapters.state,
    pluginPhase: (id) => supervisor.phase(id),
  });
  const metricsServer = new MetricsServer(metrics.registry);
  const identity = { name: "Davit", version };
  const server = createApiServer({
    engine: identity,
    logger,
    middleware: [authorization({ chain: services.authorization, headers: engineHeaders(identity) })],
    routes: observedRoutes(apiRoutes(services), metrics),
  });

  const running = (): readonly string[] =>
    adapters.state.containers.list().flatMap((record) => (hasProcess(record) ? [record.id] : []));
  /** How long the most patient of the running containers may take to stop. */
  const longestStopMs = (): number =>
    Math.max(
      0,
      ...running().map((id) => {
        const seconds = adapters.state.containers.get(id)?.config.stopTimeoutSeconds ?? 0;
        return seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
      }),
    );

  let restored = Promise.resolve();
  return {
    server,
    async begin(signal) {
      setEngineGauges(metrics, facts, await hostFacts());
      await metricsServer.listenOnSocket(adapters.layout.metricsSocket);
      await listenForPlugins(metricsServer, adapters);
      if (configuration.metricsAddr !== "") {
        const address = await metricsServer.listenOnTcp(configuration.metricsAddr);
        logger.info({}, `metrics API listening on ${address}`);
      }
      await clearLeftovers(adapters);
      await clearSandboxes(adapters);
      await services.offeredDoors.clearStale();
      await adapters.content.discardPartial(resumableForMs);
      await garbage.collect();
      // Before anybody can ask for them; once per directory.
      await plugins.adopter.adoptAll(signal);
      // Their volumes' drivers first: a container is started again even if one of them could not be.
      const started = plugins.lifecycle.restore();
      const guarded = started.catch(() => undefined).then(() => services.authorization.open());
      const networked = inTurn([() => started, () => networks.networks.restore()]);
      const drivers = settled(logger, [networked, volumes.restore()]);
      const named = settled(logger, [networks.names.restore()]);
      const unused = settled(logger, [volumeMounts.restore()]);
      const all = [drivers, unused, named, containers.restore(drivers), guarded];
      restored = Promise.all(all).then(() => undefined);
      return { restored };
    },
    async reload(wanted) {
      await services.authorization.requireUsable(wanted.authorizationPlugins);
      const plan = planReload(settings.current, wanted);
      adapters.registry.switchTo(registryClient(plan.configuration, logger));
      settings.current = plan.configuration;
      const attributes = { ...reloadableValues(plan.configuration), name: hostname() };
      events.publish({ type: "daemon", action: "reload", id: facts.id, attributes });
      return plan;
    },
    async stop() {
      const { shutdownTimeout, liveRestore } = settings.current;
      // Nobody waits for what may come; what is there is still told of all that ends.
      services.unmanaged.endWaiting();
      await server.close({ graceMs: shutdownTimeout * 1000 });
      await services.metricsCollectors.takeLeave();
      const steps = new StopSteps(shutdownTimeout * 1000 + (liveRestore ? 0 : longestStopMs()), logger);
      // A start under way is given up, or waited for, so that nothing comes up behind the stop.
      const busyPlugins = (): readonly string[] => pluginQueue.busy;
      if (liveRestore) {
        await steps.run("dismiss plugins", () => supervisor.dismissAll(), busyPlugins);
        supervisor.close();
      }
      await steps.run(
        "take over what runs",
        () => restored,
        () => [...containers.busy(), ...busyPlugins()],
      );
      if (!liveRestore) await steps.run("stop containers", () => containers.lifecycle.stopAll(), running);
      await steps.run(
        "let go of containers",
        () => containers.close(),
        () => containers.busy(),
      );
      await steps.run("end name servers", () => networks.names.close());
      if (!liveRestore) await steps.run("stop plugins", () => plugins.lifecycle.stopAll(), busyPlugins);
      await steps.run("let go of plugins", () => pluginQueue.idle(), busyPlugins);
      services.unmanaged.close();
      await metricsServer[Symbol.asyncDispose]();
      adapters.state.close();
      adapters.locks[Symbol.dispose]();
    },
  };
}

/** Its directory stays from engine to engine, since plugins that go on running have it mounted. */
async function listenForPlugins(server: MetricsServer, { host, layout }: Adapters): Promise<void> {
  const { closedDir, dir, socket } = layout.pluginMetrics;
  await host.ensureDir(closedDir, 0o700);
  await host.ensureDir(dir, 0o755);
  await server.listenOnSocket(socket, { mode: 0o666 });
}

/** One after the other, whatever becomes of those before. */
async function inTurn(work: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of work) await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Waits for all; a failure is logged, since nobody else is told. */
async function settled(logger: Logger, work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === "rejected") logger.error({ err: outcome.reason }, "could not restore everything");
  }
}
