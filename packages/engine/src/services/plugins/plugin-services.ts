import type { EventPublisher } from "../../core/events.ts";
import type { Platform } from "../../core/image/platform.ts";
import type { KeyedQueue } from "../../core/keyed-queue.ts";
import type { Layout } from "../../core/layout.ts";
import type { Archives } from "../../core/ports/archives.ts";
import type { Compression } from "../../core/ports/compression.ts";
import type { ContentStore } from "../../core/ports/content.ts";
import type { FormerPlugins } from "../../core/ports/former-plugins.ts";
import type { Host } from "../../core/ports/host.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Registry } from "../../core/ports/registry.ts";
import type { Snapshots } from "../../core/ports/snapshots.ts";
import type { State } from "../../core/ports/state.ts";
import type { GarbageCollector } from "../garbage/garbage-collector.ts";
import { PluginAdopter } from "./plugin-adopter.ts";
import { PluginArchiver } from "./plugin-archiver.ts";
import { PluginCatalog } from "./plugin-catalog.ts";
import { PluginCreator } from "./plugin-creator.ts";
import { PluginFetcher } from "./plugin-fetcher.ts";
import { PluginInstaller } from "./plugin-installer.ts";
import { PluginLifecycle } from "./plugin-lifecycle.ts";
import { PluginPusher } from "./plugin-pusher.ts";
import type { Supervisor } from "./supervisor.ts";

export interface PluginServicesPorts {
  readonly state: State;
  readonly supervisor: Supervisor;
  /** One queue of operations per plugin ID; the supervisor's. */
  readonly queue: KeyedQueue;
  readonly registry: Registry;
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly archives: Archives;
  readonly compression: Compression;
  readonly formerPlugins: FormerPlugins;
  /** The engine's own. */
  readonly platform: Platform;
  readonly garbage: GarbageCollector;
  readonly host: Host;
  readonly layout: Layout;
  /** The plugins that authorise requests of the API, as they are configured now. */
  readonly guards: () => readonly string[];
  readonly events: EventPublisher;
  readonly logger: Logger;
}

export interface PluginServices {
  readonly catalog: PluginCatalog;
  readonly installer: PluginInstaller;
  readonly lifecycle: PluginLifecycle;
  readonly archiver: PluginArchiver;
  readonly adopter: PluginAdopter;
}

/** The services for plugins, made of the ports. */
export function pluginServices(ports: PluginServicesPorts): PluginServices {
  const catalog = new PluginCatalog(ports);
  const creator = new PluginCreator(ports);
  const installer = new PluginInstaller({
    ...ports,
    catalog,
    fetcher: new PluginFetcher(ports),
    creator,
    pusher: new PluginPusher(ports),
  });
  return {
    catalog,
    installer,
    lifecycle: new PluginLifecycle({ ...ports, catalog }),
    archiver: new PluginArchiver({ ...ports, catalog, installer }),
    adopter: new PluginAdopter({ ...ports, creator }),
  };
}
