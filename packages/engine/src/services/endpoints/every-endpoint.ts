import type { ManagedEndpoints } from "./managed-endpoints.ts";
import type { PluginCapability, PluginEndpoint, PluginEndpoints } from "./plugin-endpoint.ts";
import type { UnmanagedEndpoints } from "./unmanaged-endpoints.ts";

export interface EveryEndpointOptions {
  readonly managed: ManagedEndpoints;
  readonly unmanaged: UnmanagedEndpoints;
}

/** Plugins that the engine manages, and then those that it does not. */
export class EveryEndpoint implements PluginEndpoints {
  readonly #managed: ManagedEndpoints;
  readonly #unmanaged: UnmanagedEndpoints;

  constructor({ managed, unmanaged }: EveryEndpointOptions) {
    this.#managed = managed;
    this.#unmanaged = unmanaged;
  }

  canonicalName(typed: string): string {
    return this.#managed.knows(typed) === "by-name" ? this.#managed.canonicalName(typed) : typed;
  }

  async get(typed: string, capability: PluginCapability, signal?: AbortSignal): Promise<PluginEndpoint> {
    if (await this.#isManaged(typed)) return await this.#managed.get(typed, capability, signal);
    return await this.#unmanaged.get(typed, capability, signal);
  }

  async waitFor(typed: string, capability: PluginCapability, signal?: AbortSignal): Promise<PluginEndpoint> {
    if (await this.#isManaged(typed)) return await this.#managed.get(typed, capability, signal);
    return await this.#unmanaged.waitFor(typed, capability, signal);
  }

  async names(capability: PluginCapability, signal?: AbortSignal): Promise<readonly string[]> {
    const managed = await this.#managed.names(capability);
    const others = await this.#unmanaged.names(capability, signal);
    return [...managed, ...others.filter((name) => this.#managed.knows(name) !== "by-name")];
  }

  /** One that is disabled stands in front of its namesake, too. What could also be the beginning of an ID is first a name. */
  async #isManaged(typed: string): Promise<boolean> {
    const known = this.#managed.knows(typed);
    return known === "by-name" || (known === "by-id" && !(await this.#unmanaged.isDefined(typed)));
  }
}
