import * as z from "zod";
import { type DriverInterface, rpcMethod } from "../rpc/rpc-method.ts";
import type { MetricsCollector } from "./metrics-collector.ts";

/** Neither method has a request; engines send nothing, or an empty object. */
const nothing = z.object({});

/** The wire side of a metrics collector. https://docs.docker.com/engine/extend/plugins_metrics/ */
export function metricsInterface(collector: MetricsCollector): DriverInterface {
  const change = { query: false };
  return {
    name: "MetricsCollector",
    methods: {
      "MetricsCollector.StartMetrics": rpcMethod(
        nothing,
        async (_request, call) => {
          await collector.startMetrics(call);
          return { Err: "" };
        },
        change,
      ),
      "MetricsCollector.StopMetrics": rpcMethod(
        nothing,
        async (_request, call) => {
          await collector.stopMetrics(call);
          return { Err: "" };
        },
        change,
      ),
    },
  };
}
