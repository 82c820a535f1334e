import { Gauge, type Registry } from "prom-client";
import type { PluginPhase } from "../../core/plugin/lifecycle.ts";
import type { HostFacts, ReadHostFacts } from "../../core/ports/host-facts.ts";
import type { State } from "../../core/ports/state.ts";
import type { EngineFacts } from "../../services/system/engine-facts.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

export interface StateGaugeSources {
  readonly state: Pick<State, "containers" | "plugins" | "volumes">;
  readonly pluginPhase: (id: string) => PluginPhase;
}

const phases: readonly PluginPhase[] = ["stopped", "starting", "running", "backing-off", "stopping"];

/** Counts that are taken when they are asked for. */
export function addStateGauges(registry: Registry, { state, pluginPhase }: StateGaugeSources): void {
  const containers = new Gauge({
    name: "engine_daemon_container_states_containers",
    help: "The count of containers in various states",
    labelNames: ["state"],
    registers: [],
    collect() {
      const counts = { running: 0, paused: 0, stopped: 0 };
      for (const { status } of state.containers.list()) counts[stateOf(status)] += 1;
      for (const [name, count] of Object.entries(counts)) this.set({ state: name }, count);
    },
  });
  const plugins = new Gauge({
    name: "davit_plugin_state",
    help: "1 for the state that each plugin is in, 0 for the others",
    labelNames: ["plugin", "state"],
    registers: [],
    collect() {
      // Removed plugins are gone from here too.
      this.reset();
      for (const { id, name } of state.plugins.list()) {
        const now = pluginPhase(id);
        for (const phase of phases) this.set({ plugin: name, state: phase }, phase === now ? 1 : 0);
      }
    },
  });
  const volumes = new Gauge({
    name: "davit_volumes",
    help: "The count of volumes by driver",
    labelNames: ["driver"],
    registers: [],
    collect() {
      this.reset();
      for (const { driver } of state.volumes.list()) this.inc({ driver });
    },
  });
  for (const gauge of [containers, plugins, volumes]) registry.registerMetric(gauge);
}

const stateOf = (status: string): "running" | "paused" | "stopped" =>
  status === "running" || status === "paused" ? status : "stopped";

/** What stays the same as long as the daemon runs. */
export function setEngineGauges(metrics: EngineMetrics, engine: EngineFacts, host: HostFacts): void {
  metrics.engineInfo.set(
    {
      architecture: host.machine,
      commit: engine.gitCommit,
      daemon_id: engine.id,
      graphdriver: "overlay2",
      kernel: host.kernelVersion,
      os: host.operatingSystem,
      os_type: "linux",
      os_version: host.osVersion,
      version: engine.version,
    },
    1,
  );
  metrics.engineCpus.set(host.cpus);
  metrics.engineMemory.set(host.memoryBytes);
}

/** Measures how long it takes to ask the host what it is. */
export const observedHostFacts =
  (read: ReadHostFacts, { hostInfoFunctions }: Pick<EngineMetrics, "hostInfoFunctions">): ReadHostFacts =>
  async () => {
    const end = hostInfoFunctions.startTimer({ function: "system_info" });
    try {
      return await read();
    } finally {
      end();
    }
  };
