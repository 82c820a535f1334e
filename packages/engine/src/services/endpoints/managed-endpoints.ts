import { parseInterfaceType } from "@davit/protocol";
import { EngineError } from "../../core/errors.ts";
import type { Layout } from "../../core/layout.ts";
import type { PluginRecord } from "../../core/plugin/record.ts";
import { localName } from "../../core/plugin/resolve.ts";
import type { MountFiles } from "../../core/ports/mount-files.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";
import type { PluginCapability, PluginEndpoint } from "./plugin-endpoint.ts";
import { pluginPaths } from "./plugin-paths.ts";

/** What is asked of the plugins that are installed. */
export interface RunningPlugins {
  /** The plugin that a name or an ID means, whatever its state; not-found if there is none. */
  find(name: string): PluginRecord;
  /** Those that should be running. */
  enabled(): readonly PluginRecord[];
  /** Its connection once it is up; conflict if it is disabled, unavailable if it cannot be reached. */
  connection(record: PluginRecord, signal?: AbortSignal): Promise<PluginConnection>;
}

export interface ManagedEndpointsOptions {
  readonly plugins: RunningPlugins;
  readonly mountFiles: Pick<MountFiles, "resolveInside">;
  readonly layout: Layout;
}

const protocol = "moby.plugins.http/v1";

/** The plugins that the engine runs. */
export class ManagedEndpoints {
  readonly #options: ManagedEndpointsOptions;

  constructor(options: ManagedEndpointsOptions) {
    this.#options = options;
  }

  canonicalName(typed: string): string {
    return localName(typed) ?? typed;
  }

  /** Whether a typed name is that of a plugin, or means one or more by the beginning of an ID. */
  knows(typed: string): "by-name" | "by-id" | undefined {
    try {
      return this.#options.plugins.find(typed).name === localName(typed) ? "by-name" : "by-id";
    } catch (error) {
      if (error instanceof EngineError && error.kind === "not-found") return undefined;
      return "by-id";
    }
  }

  async get(typed: string, capability: PluginCapability, signal?: AbortSignal): Promise<PluginEndpoint> {
    const record = this.#options.plugins.find(typed);
    if (!record.enabled) throw new EngineError("conflict", `plugin ${typed} found but disabled`);
    if (!serves(record, capability)) {
      throw new EngineError("internal", `plugin does not provide "${capability}" capability`);
    }
    const { ProtocolScheme = "" } = record.config.Interface;
    if (ProtocolScheme !== "" && ProtocolScheme !== protocol) {
      throw new EngineError("not-implemented", `plugin protocol not supported: ${ProtocolScheme}`);
    }
    return this.#endpoint(record, await this.#options.plugins.connection(record, signal));
  }

  names(capability: PluginCapability): Promise<readonly string[]> {
    const serving = this.#options.plugins.enabled().filter((record) => serves(record, capability));
    return Promise.resolve(serving.map(({ name }) => name));
  }

  #endpoint(record: PluginRecord, connection: PluginConnection): PluginEndpoint {
    return { name: record.name, connection, ...pluginPaths(record, this.#options) };
  }
}

const serves = ({ config }: PluginRecord, wanted: PluginCapability): boolean =>
  config.Interface.Types.map(parseInterfaceType).some(
    ({ prefix, capability }) => prefix === "docker" && capability === wanted,
  );
