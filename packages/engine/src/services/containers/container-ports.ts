import type { ContainerRecord } from "../../core/container/record.ts";
import type { EventPublisher } from "../../core/events.ts";
import type { Layout } from "../../core/layout.ts";
import type { ContainerFiles } from "../../core/ports/container-files.ts";
import type { Host } from "../../core/ports/host.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { ProcessLogs } from "../../core/ports/logs.ts";
import type { MountFiles } from "../../core/ports/mount-files.ts";
import type { ProcessControl } from "../../core/ports/process-control.ts";
import type { ProcessInput } from "../../core/ports/process-input.ts";
import type { Runtime } from "../../core/ports/runtime.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import type { State } from "../../core/ports/state.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import type { Images } from "../images/images.ts";
import type { ContainerLogs } from "../logs/container-logs.ts";
import type { LogDrivers } from "../logs/log-drivers.ts";
import type { ContainerNetworks } from "../networks/container-networks.ts";
import type { Networks } from "../networks/networks.ts";
import type { ContainerVolumes } from "../volumes/container-volumes.ts";

/** Everything that containers are made with. */
export interface ContainerPorts {
  readonly state: State;
  readonly runtime: Runtime;
  readonly snapshots: Snapshots;
  readonly logs: ProcessLogs;
  readonly containerLogs: ContainerLogs;
  readonly logDrivers: LogDrivers;
  readonly input: ProcessInput;
  readonly control: ProcessControl;
  readonly host: Host;
  readonly files: ContainerFiles;
  readonly mountFiles: MountFiles;
  /** The machine's, as Go names it: `amd64`. */
  readonly architecture: string;
  readonly networks: ContainerNetworks;
  readonly networkCatalog: Networks;
  readonly layout: Layout;
  readonly logger: Logger;
  readonly events: EventPublisher;
  readonly volumes: ContainerVolumes;
  readonly images: Images;
  readonly garbage: GarbageCollector;
}

/** Where containers are in the runtime. */
export const namespace = "moby";

export const never = "0001-01-01T00:00:00Z";

/** Publishes what happened to a container, with the attributes that the Engine gives. */
export function publishContainerEvent(
  events: EventPublisher,
  record: ContainerRecord,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const { labels, image } = record.config;
  events.publish({
    type: "container",
    action,
    id: record.id,
    attributes: { ...labels, image, name: record.name, ...more },
  });
}
