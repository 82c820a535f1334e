import { isIpAddress, nameserversOf } from "../../core/container/network-files.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import {
  hasNames,
  knownAddresses,
  knownNames,
  leadsOut,
  type NameRecords,
} from "../../core/network/known-names.ts";
import type { Host } from "../../core/ports/host.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { NameServers, NameSource } from "../../core/ports/name-servers.ts";
import type { State } from "../../core/ports/state.ts";

export interface NameServicePorts {
  readonly state: State;
  readonly nameServers: NameServers;
  readonly host: Pick<Host, "readSmallFile">;
  readonly logger: Logger;
}

/** Names of containers for containers, on networks of the user's. */
export class NameService {
  readonly #ports: NameServicePorts;
  readonly #records: NameRecords;

  constructor(ports: NameServicePorts) {
    this.#ports = ports;
    const { state } = ports;
    this.#records = {
      container: (id) => state.containers.get(id),
      network: (id) => state.networks.get(id),
      ofContainer: (id) => state.endpoints.ofContainer(id),
      ofNetwork: (id) => state.endpoints.ofNetwork(id),
    };
  }

  /** Whether the container finds names by the engine's own server. */
  isServed(containerId: string): boolean {
    return hasNames(this.#records, containerId);
  }

  start(containerId: string, sandboxKey: string): Promise<void> {
    return this.#ports.nameServers.start(containerId, sandboxKey, this.#source(containerId));
  }

  stop(containerId: string): Promise<void> {
    return this.#ports.nameServers.stop(containerId);
  }

  #source(id: string): NameSource {
    return {
      addresses: (name, family) => knownAddresses(this.#records, id, name, family),
      names: (address) => knownNames(this.#records, id, address),
      upstreams: () => this.#upstreams(id),
    };
  }

  async #upstreams(id: string): Promise<readonly string[]> {
    if (!leadsOut(this.#records, id)) return [];
    const given = this.#ports.state.containers.get(id)?.hostConfig.Dns ?? [];
    const wanted = given.filter(isIpAddress);
    if (wanted.length > 0) return wanted;
    return nameserversOf((await this.#ports.host.readSmallFile("/etc/resolv.conf")) ?? "");
  }

  /** For the containers that an earlier engine left running: its servers have ended with it. */
  async restore(): Promise<void> {
    const { state, logger } = this.#ports;
    const running = state.containers.list().filter(hasProcess);
    await Promise.all(
      running.map(async ({ id }) => {
        const [endpoint] = state.endpoints.ofContainer(id);
        if (endpoint === undefined || !this.isServed(id)) return;
        try {
          await this.start(id, endpoint.sandboxKey);
        } catch (error) {
          logger.error({ err: error, container: id }, "a container's name server could not be started again");
        }
      }),
    );
  }

  close(): Promise<void> {
    return this.#ports.nameServers.close();
  }
}
