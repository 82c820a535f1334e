import { EngineError, wrapError } from "../../core/errors.ts";
import { localName } from "../../core/plugin/resolve.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { VolumeDriver } from "../../core/ports/volume-driver.ts";
import type { PluginEndpoint, PluginEndpoints } from "../endpoints/plugin-endpoint.ts";
import { PluginVolumeDriver } from "./plugin-volume-driver.ts";

export interface VolumeDriversOptions {
  readonly builtIn: VolumeDriver;
  readonly endpoints: PluginEndpoints;
  readonly logger: Logger;
}

/** What is asked of the whole of them. */
export type DriverCatalog = Pick<VolumeDrivers, "isSame" | "get" | "waitFor" | "names">;

/** Every driver of volumes by name: our own, and whatever plugins serve. */
export class VolumeDrivers {
  readonly #options: VolumeDriversOptions;
  /** One driver per connection: what it learnt of a plugin ends with the plugin's process. */
  readonly #drivers = new WeakMap<PluginConnection, PluginVolumeDriver>();

  constructor(options: VolumeDriversOptions) {
    this.#options = options;
  }

  /** Whether a typed name means the driver of a record, which has the full name of a managed plugin. */
  isSame(typed: string, recorded: string): boolean {
    return typed === recorded || (isBuiltIn(typed) && isBuiltIn(recorded)) || localName(typed) === recorded;
  }

  /** The driver of that name, running. */
  get(name: string, signal?: AbortSignal): Promise<VolumeDriver> {
    return this.#find(name, (endpoints) => endpoints.get(name, "volumedriver", signal));
  }

  /** The same for requests that cannot go on without it: a plugin that is not there yet is waited for. */
  waitFor(name: string, signal?: AbortSignal): Promise<VolumeDriver> {
    return this.#find(name, (endpoints) => endpoints.waitFor(name, "volumedriver", signal));
  }

  /** Names of all drivers that should be able to answer now. */
  async names(signal?: AbortSignal): Promise<readonly string[]> {
    return ["local", ...(await this.#options.endpoints.names("volumedriver", signal))];
  }

  async #find(
    name: string,
    find: (endpoints: PluginEndpoints) => Promise<PluginEndpoint>,
  ): Promise<VolumeDriver> {
    if (isBuiltIn(name)) return this.#options.builtIn;
    try {
      return this.#at(await find(this.#options.endpoints));
    } catch (error) {
      throw wrapError(`error looking up volume plugin ${name}`, error);
    }
  }

  #at(endpoint: PluginEndpoint): VolumeDriver {
    const known = this.#drivers.get(endpoint.connection);
    if (known !== undefined) return known;
    const driver = new PluginVolumeDriver({ endpoint, logger: this.#options.logger });
    this.#drivers.set(endpoint.connection, driver);
    return driver;
  }
}

/** Whether a driver was not found because its plugin is missing or disabled; one that is enabled and down may be back at any moment. */
export const isDriverAbsent = (error: unknown): boolean =>
  error instanceof EngineError && (error.kind === "not-found" || error.kind === "conflict");

const isBuiltIn = (name: string): boolean => name === "" || name === "local";
