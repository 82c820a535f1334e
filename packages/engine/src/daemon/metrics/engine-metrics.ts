import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** As dockerd measures its own work. */
const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type EngineMetrics = ReturnType<typeof createEngineMetrics>;

/** Everything that is measured; names of dockerd where it has them. https://docs.docker.com/engine/daemon/prometheus/ */
export function createEngineMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    engineInfo: new Gauge({
      name: "engine_daemon_engine_info",
      help: "The information related to the engine and the OS it is running on",
      labelNames: [
        "architecture",
        "commit",
        "daemon_id",
        "graphdriver",
        "kernel",
        "os",
        "os_type",
        "os_version",
        "version",
      ],
      registers,
    }),
    engineCpus: new Gauge({
      name: "engine_daemon_engine_cpus_cpus",
      help: "The number of cpus that the host system of the engine has",
      registers,
    }),
    engineMemory: new Gauge({
      name: "engine_daemon_engine_memory_bytes",
      help: "The number of bytes of memory that the host system of the engine has",
      registers,
    }),
    events: new Counter({
      name: "engine_daemon_events_total",
      help: "The number of events logged",
      registers,
    }),
    eventSubscribers: new Gauge({
      name: "engine_daemon_events_subscribers_total",
      help: "The number of current subscribers to events",
      registers,
    }),
    containerActions: new Histogram({
      name: "engine_daemon_container_actions_seconds",
      help: "The number of seconds it takes to process each container action",
      labelNames: ["action"],
      buckets: seconds,
      registers,
    }),
    hostInfoFunctions: new Histogram({
      name: "engine_daemon_host_info_functions_seconds",
      help: "The number of seconds it takes to call functions gathering info about the host",
      labelNames: ["function"],
      buckets: seconds,
      registers,
    }),
    httpRequests: new Histogram({
      name: "davit_http_requests_seconds",
      help: "The number of seconds from a request of the Engine API until its answer begins",
      labelNames: ["method", "route", "status"],
      buckets: seconds,
      registers,
    }),
    pluginCalls: new Histogram({
      name: "davit_plugin_calls_seconds",
      help: "The number of seconds that calls to plugins take",
      labelNames: ["plugin", "method", "outcome"],
      buckets: seconds,
      registers,
    }),
    droppedLogLines: new Counter({
      name: "davit_log_dropped_lines_total",
      help: "Lines of containers' output that a log plugin did not get",
      labelNames: ["driver"],
      registers,
    }),
    droppedLogBytes: new Counter({
      name: "davit_log_dropped_bytes_total",
      help: "Bytes of containers' output, with the time of each line, that a log plugin did not get",
      labelNames: ["driver"],
      registers,
    }),
    pluginRestarts: new Counter({
      name: "davit_plugin_restarts_total",
      help: "How often a plugin was restarted after it had ended by itself",
      labelNames: ["plugin"],
      registers,
    }),
  };
}
