import { plainNetwork } from "../../core/network/container-network.ts";
import type { Sandboxes } from "../../core/ports/sandboxes.ts";
import type { State } from "../../core/ports/state.ts";
import type { EndpointKeeper } from "./endpoint-keeper.ts";
import type { GatewayKeeper } from "./gateway-keeper.ts";

export interface PluginNetworksPorts {
  readonly state: Pick<State, "networks">;
  readonly endpoints: EndpointKeeper;
  readonly gateways: GatewayKeeper;
  readonly sandboxes: Sandboxes;
}

/** Plugins on the default bridge. */
export class PluginNetworks {
  readonly #ports: PluginNetworksPorts;

  constructor(ports: PluginNetworksPorts) {
    this.#ports = ports;
  }

  /** Whether there is a default bridge. */
  available(): boolean {
    return this.#bridge() !== undefined;
  }

  #bridge() {
    return this.#ports.state.networks.list().find(({ name }) => name === "bridge");
  }

  /** Makes the plugin's sandbox, in place of one left over, with its place on the bridge; answers the sandbox's file. */
  async join(pluginId: string): Promise<string> {
    const { sandboxes, endpoints, gateways } = this.#ports;
    await this.leave(pluginId);
    const sandboxKey = await sandboxes.create(pluginId);
    const nothing = { exposed: [], published: [] };
    const joining = {
      ownerId: pluginId,
      ownerName: pluginId,
      sandboxKey,
      wanted: plainNetwork("bridge"),
      ...nothing,
    };
    try {
      await endpoints.add(this.#bridge()?.id ?? "", joining);
      await gateways.settle({ id: pluginId, name: pluginId, ...nothing }, sandboxKey);
    } catch (error) {
      await this.leave(pluginId);
      throw error;
    }
    return sandboxKey;
  }

  /** Undoes `join`, as far as it has come. */
  async leave(pluginId: string): Promise<void> {
    const { endpoints, sandboxes } = this.#ports;
    try {
      await endpoints.removeAll(pluginId);
    } finally {
      await sandboxes.remove(pluginId);
    }
  }
}
