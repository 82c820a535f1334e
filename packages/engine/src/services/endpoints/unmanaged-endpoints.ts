import { abortable } from "../../core/abortable.ts";
import { EngineError, messageOf, wrapError } from "../../core/errors.ts";
import { isLoopback } from "../../core/plugin/plugin-address.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { MountFiles } from "../../core/ports/mount-files.ts";
import type { CallOptions, PluginConnection, PluginConnector } from "../../core/ports/plugin-connection.ts";
import type { PluginDefinition, PluginDiscovery } from "../../core/ports/plugin-discovery.ts";
import { describeEndpoint, type PluginCapability, type PluginEndpoint } from "./plugin-endpoint.ts";
import { UnmanagedPlugin } from "./unmanaged-plugin.ts";
import { untilReached } from "./until-reached.ts";

export interface UnmanagedEndpointsOptions {
  readonly discovery: PluginDiscovery;
  readonly connector: Pick<PluginConnector, "open">;
  readonly mountFiles: Pick<MountFiles, "resolveInside">;
  readonly logger: Logger;
  /** How long a plugin that is not there is waited for. */
  readonly retryMs: number;
  /** Told of each plugin when it has said what it is; again when it is another. */
  readonly onActivated?: (plugin: UnmanagedPlugin) => void;
}

/** How long a search for all plugins of a kind waits for one that does not say what it is. */
const scanMs = 5_000;

/** The plugins that somebody else runs: found by files, asked at their first use what they are. */
export class UnmanagedEndpoints {
  readonly #options: UnmanagedEndpointsOptions;
  readonly #plugins = new Map<string, UnmanagedPlugin>();
  /** One per plugin, for as long as it is that one. */
  readonly #connections = new WeakMap<UnmanagedPlugin, PluginConnection>();
  /** What searches have last told of a plugin that they left out. */
  readonly #complaints = new Map<string, string>();
  /** Definitions of which it was told that they verify nobody, by name. */
  readonly #unverified = new Map<string, string>();
  readonly #closing = new AbortController();

  constructor(options: UnmanagedEndpointsOptions) {
    this.#options = options;
  }

  async get(name: string, capability: PluginCapability, signal?: AbortSignal): Promise<PluginEndpoint> {
    const plugin = await this.#activated(name, signal);
    plugin.require(capability);
    return this.#endpoint(plugin);
  }

  waitFor(name: string, capability: PluginCapability, signal?: AbortSignal): Promise<PluginEndpoint> {
    return this.#untilReached(name, signal, () => this.get(name, capability, signal));
  }

  /** Whether a file defines it, however broken. */
  async isDefined(name: string): Promise<boolean> {
    try {
      return (await this.#options.discovery.find(name)) !== undefined;
    } catch {
      return true;
    }
  }

  /** Asks each plugin that is defined what it is. One that cannot say is left out, and the log tells why. */
  async names(capability: PluginCapability, signal?: AbortSignal): Promise<readonly string[]> {
    const defined = await this.#options.discovery.names();
    const served = await Promise.all(
      defined.map(async (name) => ((await this.#isServing(name, capability, signal)) ? [name] : [])),
    );
    signal?.throwIfAborted();
    return served.flat();
  }

  /** Names of those that have been used, or asked what they are, and serve it. */
  used(capability: PluginCapability): readonly string[] {
    return [...this.#plugins].flatMap(([name, plugin]) => (plugin.serves(capability) ? [name] : []));
  }

  /** Whoever waits for a plugin waits no longer, and nobody will. */
  endWaiting(): void {
    this.#closing.abort();
  }

  /** Ends every connection. */
  close(): void {
    for (const plugin of this.#plugins.values()) plugin.close();
  }

  async #isServing(
    name: string,
    capability: PluginCapability,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    try {
      const plugin = await this.#plugin(name);
      if (plugin === undefined) return false;
      // One that does not answer costs the first search its time, and none that follows.
      const leftMs = Math.max(0, Math.ceil(scanMs - (performance.now() - plugin.openedAt)));
      const limit = AbortSignal.any([AbortSignal.timeout(leftMs), ...(signal === undefined ? [] : [signal])]);
      const whose = describeEndpoint({ name, definedBy: plugin.definition.path });
      await abortable(plugin.activated, limit, `${whose}: waiting for its answer to Plugin.Activate`);
      this.#complaints.delete(name);
      return plugin.serves(capability);
    } catch (error) {
      const reason = messageOf(error);
      if (signal?.aborted !== true && this.#complaints.get(name) !== reason) {
        this.#complaints.set(name, reason);
        this.#options.logger.warn({ plugin: name, reason }, "plugin cannot be asked what it is: left out");
      }
      return false;
    }
  }

  async #activated(name: string, signal: AbortSignal | undefined): Promise<UnmanagedPlugin> {
    const plugin = await this.#plugin(name);
    if (plugin === undefined) throw new EngineError("not-found", `plugin "${name}" not found`);
    await abortable(plugin.activated, signal, `waiting for plugin ${name} to say what it is`);
    return plugin;
  }

  /** The plugin as its definition is now; asked what it is when it is met first. */
  async #plugin(name: string): Promise<UnmanagedPlugin | undefined> {
    const definition = await this.#options.discovery.find(name);
    const known = this.#plugins.get(name);
    if (definition !== undefined && known?.definition.identity === definition.identity) return known;
    known?.retire();
    this.#plugins.delete(name);
    if (definition === undefined) return undefined;
    let connection: PluginConnection;
    try {
      connection = this.#options.connector.open(definition.address, { plugin: name, timeoutMs: 0 });
    } catch (error) {
      throw wrapError(describeEndpoint({ name, definedBy: definition.path }), error);
    }
    this.#warnUnverified(definition);
    const plugin = new UnmanagedPlugin(definition, connection);
    this.#plugins.set(name, plugin);
    plugin.activated.then(
      () => this.#options.onActivated?.(plugin),
      () => {
        // Its next use asks again.
        if (this.#plugins.get(name) === plugin) this.#plugins.delete(name);
        plugin.retire();
      },
    );
    return plugin;
  }

  /** Docker Engine verifies nobody without a `CAFile`, which an operator may not expect of TLS. */
  #warnUnverified({ name, path, address, identity }: PluginDefinition): void {
    if (!("origin" in address) || address.tls?.verify !== false || isLoopback(address.origin)) return;
    if (this.#unverified.get(name) === identity) return;
    this.#unverified.set(name, identity);
    this.#options.logger.warn(
      { plugin: name, path, address: address.origin },
      "plugin is reached over TLS without a check of who answers: TLSConfig wants a CAFile, and no InsecureSkipVerify",
    );
  }

  #endpoint(plugin: UnmanagedPlugin): PluginEndpoint {
    const { name, path } = plugin.definition;
    const { mountFiles } = this.#options;
    return {
      name,
      definedBy: path,
      connection: this.#connection(plugin),
      toHostPath: (inside) => inside,
      async toRealPath(inside) {
        const answered = `${describeEndpoint({ name, definedBy: path })} answered the path ${JSON.stringify(inside)}`;
        if (!inside.startsWith("/")) throw new EngineError("internal", `${answered}, which is not absolute`);
        const found = await mountFiles.resolveInside("/", inside);
        if (found?.isRoot === true)
          throw new EngineError("internal", `${answered}, which is the host's whole root`);
        return found?.path;
      },
    };
  }

  /** Calls go to the plugin as it is at the time: one that was started anew meanwhile is asked again what it is. */
  #connection(plugin: UnmanagedPlugin): PluginConnection {
    const known = this.#connections.get(plugin);
    if (known !== undefined) return known;
    const { name } = plugin.definition;
    const retrying = <Answer>(
      { signal, atOnce }: CallOptions,
      call: (current: UnmanagedPlugin) => Promise<Answer>,
    ): Promise<Answer> => {
      let isKnown = !plugin.isRetired;
      const attempt = async (): Promise<Answer> => {
        const current = isKnown ? plugin : await this.#activated(name, signal);
        isKnown = false;
        return await call(current);
      };
      return atOnce === true ? attempt() : this.#untilReached(name, signal, attempt);
    };
    const connection: PluginConnection = {
      call: (method, body, options) => retrying(options, (current) => current.call(method, body, options)),
      stream: (method, body, options) =>
        retrying(options, (current) => current.stream(method, body, options)),
      close: () => plugin.close(),
    };
    this.#connections.set(plugin, connection);
    return connection;
  }

  #untilReached<Result>(
    name: string,
    signal: AbortSignal | undefined,
    attempt: () => Promise<Result>,
  ): Promise<Result> {
    const { discovery, logger, retryMs } = this.#options;
    const either = AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    return untilReached(attempt, {
      plugin: name,
      watch: () => discovery.watch(name),
      windowMs: retryMs,
      signal: either,
      logger,
    });
  }
}
