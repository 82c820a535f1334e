import type { EventPublisher, EventSource } from "../../core/events.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

/** Counts events, and who listens to them. */
export function observedEvents(
  bus: EventPublisher & EventSource,
  { events, eventSubscribers }: Pick<EngineMetrics, "events" | "eventSubscribers">,
): EventPublisher & EventSource {
  return {
    publish(fact) {
      events.inc();
      bus.publish(fact);
    },
    subscribe(query, signal) {
      const source = bus.subscribe(query, signal);
      return (async function* () {
        eventSubscribers.inc();
        try {
          yield* source;
        } finally {
          eventSubscribers.dec();
        }
      })();
    },
  };
}
