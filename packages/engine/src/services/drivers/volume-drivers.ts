import { parseInterfaceType } from "@davit/protocol";
import { EngineError, wrapError } from "../../core/errors.ts";
import type { Layout } from "../../core/layout.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { localName } from "../../core/plugin/resolve.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { MountFiles } from "../../core/ports/mount-files.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { VolumeDriver } from "../../core/ports/volume-driver.ts";
import { PluginVolumeDriver } from "./plugin-volume-driver.ts";
import { realScopedPath, scopedPath } from "./scoped-path.ts";

/** What drivers need of managed plugins. */
export interface RunningPlugins {
  /** The plugin that a name or an ID means, whatever its state; not-found if there is none. */
  find(name: string): PluginRecord;
  /** Those that should be running. */
  enabled(): readonly PluginRecord[];
  /** Its connection once it is up; conflict if it is disabled, unavailable if it cannot be reached. */
  connection(record: PluginRecord, signal?: AbortSignal): Promise<PluginConnection>;
}

export interface VolumeDriversOptions {
  readonly builtIn: VolumeDriver;
  readonly plugins: RunningPlugins;
  readonly mountFiles: Pick<MountFiles, "resolveInside">;
  readonly layout: Layout;
  readonly logger: Logger;
}

const protocol = "moby.plugins.http/v1";

/** What is asked of the whole of them. */
export type DriverCatalog = Pick<VolumeDrivers, "canonicalName" | "get" | "names">;

/** Every driver of volumes by name: our own, and whatever plugins serve. */
export class VolumeDrivers {
  readonly #options: VolumeDriversOptions;
  /** One driver per connection: what it learnt of a plugin ends with the plugin's process. */
  readonly #drivers = new WeakMap<PluginConnection, PluginVolumeDriver>();

  constructor(options: VolumeDriversOptions) {
    this.#options = options;
  }

  /** The full name under which a driver's volumes are stored: `local`, or the plugin's name with tag. */
  canonicalName(name: string): string {
    return name === "" || name === "local" ? "local" : (localName(name) ?? name);
  }

  /** The driver of that name, running. */
  async get(name: string, signal?: AbortSignal): Promise<VolumeDriver> {
    if (name === "" || name === "local") return this.#options.builtIn;
    try {
      const record = this.#options.plugins.find(name);
      if (!record.enabled) throw new EngineError("conflict", `plugin ${name} found but disabled`);
      return await this.#ofPlugin(record, signal);
    } catch (error) {
      throw wrapError(`error looking up volume plugin ${name}`, error);
    }
  }

  /** Names of all drivers that should be able to answer now. */
  names(): readonly string[] {
    const plugins = this.#options.plugins.enabled().filter(servesVolumes);
    return ["local", ...plugins.map(({ name }) => name)];
  }

  async #ofPlugin(record: PluginRecord, signal: AbortSignal | undefined): Promise<VolumeDriver> {
    if (!servesVolumes(record)) {
      throw new EngineError("internal", 'plugin does not provide "volumedriver" capability');
    }
    const { ProtocolScheme = "" } = record.config.Interface;
    if (ProtocolScheme !== "" && ProtocolScheme !== protocol) {
      throw new EngineError("not-implemented", `plugin protocol not supported: ${ProtocolScheme}`);
    }
    const connection = await this.#options.plugins.connection(record, signal);
    const known = this.#drivers.get(connection);
    if (known !== undefined) return known;
    const paths = this.#options.layout.plugin(record.id);
    const driver = new PluginVolumeDriver({
      name: record.name,
      connection,
      toHostPath: (inside) => scopedPath(inside, record.config.PropagatedMount, paths),
      toRealPath: (inside) =>
        realScopedPath(this.#options.mountFiles, {
          plugin: record.name,
          inside,
          declaredMount: record.config.PropagatedMount,
          paths,
        }),
      logger: this.#options.logger,
    });
    this.#drivers.set(connection, driver);
    return driver;
  }
}

const servesVolumes = ({ config }: PluginRecord): boolean =>
  config.Interface.Types.map(parseInterfaceType).some(
    ({ prefix, capability }) => prefix === "docker" && capability === "volumedriver",
  );
