import { sharedContainer } from "../../core/container/modes.ts";
import { hostsFile, resolvConf } from "../../core/container/network-files.ts";
import type { ContainerAddress, ContainerRecord } from "../../core/container/record.ts";
import { isNominal } from "../../core/network/record.ts";
import type { ContainerHost } from "../../core/runtime-spec/container-spec.ts";
import type { NetworkFacts } from "../networks/container-networks.ts";
import type { ContainerPorts } from "./container-ports.ts";
import { requireRunningOther } from "./start-namespaces.ts";

/** What a container has of its networks once it has joined. */
export interface JoinedNetwork {
  readonly network: ContainerHost["network"];
  /** Where its files of `/etc` are: with a shared network they are the other container's. */
  readonly files: ContainerHost["files"];
  readonly facts: NetworkFacts;
}

/** Puts containers into their networks. */
export class StartNetwork {
  readonly #ports: ContainerPorts;

  constructor(ports: ContainerPorts) {
    this.#ports = ports;
  }

  async join(record: ContainerRecord, signal: AbortSignal | undefined): Promise<JoinedNetwork> {
    const { networks, layout } = this.#ports;
    if (record.networkMode === "container") return this.#joinOther(record);
    const found = networks.find(record);
    const known = { ...record, networks: found.map(({ wanted }) => wanted) };
    const files = layout.container(record.id);
    const [only] = found;
    if (found.length === 1 && only !== undefined && isNominal(only.network)) {
      const network = only.network.driver === "host" ? "host" : "none";
      return { network, files, facts: networks.facts(known) };
    }
    const path = await networks.join(record, found, signal);
    return { network: { namespace: path }, files, facts: networks.facts(known) };
  }

  /** Publishes the events of a join, or of its end. */
  tell(record: ContainerRecord, { facts }: JoinedNetwork, action: "connect" | "disconnect"): void {
    this.#ports.networks.publishAll({ ...record, ...facts }, action);
  }

  /** Undoes `join`. */
  async leave({ id, networkMode }: ContainerRecord): Promise<void> {
    if (networkMode !== "container") await this.#ports.networks.leave(id);
  }

  #joinOther({ hostConfig }: ContainerRecord): JoinedNetwork {
    const other = requireRunningOther(
      this.#ports.state,
      sharedContainer(hostConfig.NetworkMode) ?? "",
      "network",
    );
    const files = this.#ports.layout.container(other.id);
    return { network: { namespace: `/proc/${other.pid}/ns/net` }, files, facts: { ports: [] } };
  }

  /** The files in `/etc` that the engine writes; with a shared network there are the other container's already. */
  async writeFiles(record: ContainerRecord, addresses: readonly ContainerAddress[]): Promise<void> {
    if (record.networkMode === "container") return;
    const { host, layout } = this.#ports;
    const paths = layout.container(record.id);
    const [hosts, resolvers] = await Promise.all(
      ["/etc/hosts", "/etc/resolv.conf"].map((path) => host.readSmallFile(path)),
    );
    await Promise.all([
      host.writeFile(paths.hosts, hostsFile(record, addresses, hosts ?? "")),
      host.writeFile(
        paths.resolvConf,
        resolvConf(record, resolvers ?? "", this.#ports.networks.names.isServed(record.id)),
      ),
      host.writeFile(paths.hostname, `${record.config.hostname}\n`),
    ]);
  }
}
