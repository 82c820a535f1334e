import { sharedContainer } from "../../core/container/modes.ts";
import { hostsFile, resolvConf } from "../../core/container/network-files.ts";
import { portsCollide, type WantedPort, wantedPorts } from "../../core/container/published-ports.ts";
import type { ContainerAddress, ContainerRecord } from "../../core/container/record.ts";
import { hasProcess } from "../../core/container/transitions.ts";
import { EngineError, wrapError } from "../../core/errors.ts";
import type { NetworkAttachment, PublishedPort } from "../../core/ports/network.ts";
import type { ContainerHost } from "../../core/runtime-spec/container-spec.ts";
import type { ContainerPorts } from "./container-ports.ts";
import { requireRunningOther } from "./start-namespaces.ts";

/** What a container has of a network once it has joined. */
export interface JoinedNetwork {
  readonly network: ContainerHost["network"];
  /** Where its files of `/etc` are: with a shared network they are the other container's. */
  readonly files: ContainerHost["files"];
  readonly address?: ContainerAddress;
  readonly ports: readonly PublishedPort[];
}

/** Puts containers into their networks. */
export class StartNetwork {
  readonly #ports: ContainerPorts;
  /** Chosen for a start that is not on record yet, by container. */
  readonly #reserved = new Map<string, readonly PublishedPort[]>();

  constructor(ports: ContainerPorts) {
    this.#ports = ports;
  }

  async join(record: ContainerRecord, signal: AbortSignal | undefined): Promise<JoinedNetwork> {
    const files = this.#ports.layout.container(record.id);
    const { networkMode } = record;
    if (networkMode === "container") return this.#joinOther(record);
    if (networkMode === "bridge") return { ...(await this.#joinBridge(record, signal)), files };
    return { network: networkMode, files, ports: [] };
  }

  /** Undoes `join`. */
  async leave({ id, networkMode }: ContainerRecord): Promise<void> {
    if (networkMode === "bridge") await this.#ports.network.removeNamespace(id);
  }

  /** The start is over: its ports are on record, or free again. */
  settled(id: string): void {
    this.#reserved.delete(id);
  }

  #joinOther({ hostConfig }: ContainerRecord): JoinedNetwork {
    const other = requireRunningOther(
      this.#ports.state,
      sharedContainer(hostConfig.NetworkMode) ?? "",
      "network",
    );
    const files = this.#ports.layout.container(other.id);
    return { network: { namespace: `/proc/${other.pid}/ns/net` }, files, ports: [] };
  }

  async #joinBridge(
    record: ContainerRecord,
    signal: AbortSignal | undefined,
  ): Promise<Pick<JoinedNetwork, "network" | "address" | "ports">> {
    const { network } = this.#ports;
    const available = await network.available();
    if (available !== true) {
      throw new EngineError(
        "unavailable",
        `join network bridge: ${available} (use --network none or --network host)`,
      );
    }
    const ports = await this.#choosePorts(record);
    const path = await network.createNamespace(record.id);
    const attachment = await network.attach({ id: record.id, namespace: path, ports }, signal);
    return { network: { namespace: path }, address: addressOf(attachment), ports };
  }

  async #choosePorts(record: ContainerRecord): Promise<readonly PublishedPort[]> {
    const chosen: PublishedPort[] = [];
    const wanted = wantedPorts(record.hostConfig, record.config.exposedPorts);
    // Those that leave no choice first.
    const narrowFirst = wanted.toSorted((a, b) => rangeSize(a) - rangeSize(b));
    for (const port of narrowFirst) {
      const { hostPorts: _choice, ...fixed } = port;
      const isTaken = (hostPort: number): boolean =>
        [...this.#taken(record.id), ...chosen].some((other) => portsCollide(other, { ...fixed, hostPort }));
      try {
        chosen.push({ ...fixed, hostPort: await this.#ports.hostPorts.choose(port, isTaken) });
      } catch (error) {
        throw wrapError(
          `driver failed programming external connectivity on endpoint ${record.name} (${record.id})`,
          error,
        );
      }
      this.#reserved.set(record.id, chosen);
    }
    return chosen;
  }

  #taken(id: string): readonly PublishedPort[] {
    const running = this.#ports.state.containers.list().filter(hasProcess);
    const reserved = [...this.#reserved].flatMap(([other, ports]) => (other === id ? [] : ports));
    return [...running.flatMap(({ ports = [] }) => ports), ...reserved];
  }

  /** The files in `/etc` that the engine writes; with a shared network there are the other container's already. */
  async writeFiles(record: ContainerRecord, address: ContainerAddress | undefined): Promise<void> {
    if (record.networkMode === "container") return;
    const { host, layout } = this.#ports;
    const paths = layout.container(record.id);
    const [hosts, resolvers] = await Promise.all(
      ["/etc/hosts", "/etc/resolv.conf"].map((path) => host.readSmallFile(path)),
    );
    await Promise.all([
      host.writeFile(paths.hosts, hostsFile(record, address, hosts ?? "")),
      host.writeFile(paths.resolvConf, resolvConf(record, resolvers ?? "")),
      host.writeFile(paths.hostname, `${record.config.hostname}\n`),
    ]);
  }
}

const rangeSize = ({ hostPorts }: WantedPort): number =>
  hostPorts === undefined ? Number.POSITIVE_INFINITY : hostPorts.last - hostPorts.first;

function addressOf({ addresses, gateway, macAddress }: NetworkAttachment): ContainerAddress {
  const [address = "", prefixLength = "0"] = (addresses[0] ?? "").split("/");
  return { address, prefixLength: Number(prefixLength), gateway: gateway ?? "", macAddress };
}
