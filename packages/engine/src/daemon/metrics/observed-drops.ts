import type { ContainerRecord } from "../../core/container/record.ts";
import type { EventPublisher } from "../../core/events.ts";
import { publishContainerEvent } from "../../services/containers/container-ports.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

export interface DropObservers {
  readonly metrics: Pick<EngineMetrics, "droppedLogLines" | "droppedLogBytes">;
  readonly events: EventPublisher;
}

/** Counts output that a log driver did not get, and tells whoever watches the container. */
export const observedDrops =
  ({ metrics, events }: DropObservers) =>
  (record: ContainerRecord, { lines, bytes }: { readonly lines: number; readonly bytes: number }): void => {
    const driver = record.hostConfig.LogConfig.Type;
    metrics.droppedLogLines.inc({ driver }, lines);
    metrics.droppedLogBytes.inc({ driver }, bytes);
    publishContainerEvent(events, record, "log_dropped", {
      driver,
      lines: String(lines),
      bytes: String(bytes),
    });
  };
