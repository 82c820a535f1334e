import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { PluginCapability, PluginEndpoint, PluginEndpoints } from "../endpoints/plugin-endpoint.ts";

export interface DriverCatalogOptions<Driver> {
  /** Our own, under their names. */
  readonly builtIn: readonly Driver[];
  readonly endpoints: PluginEndpoints;
  readonly capability: PluginCapability;
  readonly adapt: (endpoint: PluginEndpoint) => Driver;
}

/** Every driver of one kind by name: our own, and whatever plugins serve. */
export class DriverCatalog<Driver extends { readonly name: string }> {
  readonly #options: DriverCatalogOptions<Driver>;
  readonly #builtIn: ReadonlyMap<string, Driver>;
  /** One driver per connection: what it learnt of a plugin ends with the plugin's process. */
  readonly #drivers = new WeakMap<PluginConnection, Driver>();

  constructor(options: DriverCatalogOptions<Driver>) {
    this.#options = options;
    this.#builtIn = new Map(options.builtIn.map((driver) => [driver.name, driver]));
  }

  /** The full name that records keep: a managed plugin's has its tag, whether it was typed or not. */
  canonicalName(typed: string): string {
    return this.#builtIn.has(typed) ? typed : this.#options.endpoints.canonicalName(typed);
  }

  /** The driver of that name, running; fails as `PluginEndpoints.get` does. */
  get(name: string, signal?: AbortSignal): Promise<Driver> {
    return this.#find(name, ({ endpoints, capability }) => endpoints.get(name, capability, signal));
  }

  /** The same for requests that cannot go on without it: a plugin that is not there yet is waited for. */
  waitFor(name: string, signal?: AbortSignal): Promise<Driver> {
    return this.#find(name, ({ endpoints, capability }) => endpoints.waitFor(name, capability, signal));
  }

  /** Names of all that should be able to answer now. */
  async names(signal?: AbortSignal): Promise<readonly string[]> {
    const { endpoints, capability } = this.#options;
    return [...this.#builtIn.keys(), ...(await endpoints.names(capability, signal))];
  }

  async #find(
    name: string,
    find: (options: DriverCatalogOptions<Driver>) => Promise<PluginEndpoint>,
  ): Promise<Driver> {
    const own = this.#builtIn.get(name);
    if (own !== undefined) return own;
    const endpoint = await find(this.#options);
    const known = this.#drivers.get(endpoint.connection);
    if (known !== undefined) return known;
    const driver = this.#options.adapt(endpoint);
    this.#drivers.set(endpoint.connection, driver);
    return driver;
  }
}
