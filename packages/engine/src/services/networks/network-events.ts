import type { EventPublisher } from "../../core/events.ts";
import type { NetworkRecord } from "../../core/network/record.ts";

/** Publishes what happened to a network, with the attributes that the Engine gives. */
export function publishNetworkEvent(
  events: EventPublisher,
  { id, name, driver }: Pick<NetworkRecord, "id" | "name" | "driver">,
  action: string,
  containerId?: string,
): void {
  const attributes = { name, type: driver, ...(containerId === undefined ? {} : { container: containerId }) };
  events.publish({ type: "network", action, id, attributes });
}
