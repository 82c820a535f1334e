import { access } from "node:fs/promises";
import { EngineError, errnoOf, messageOf, wrapError } from "../../core/errors.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { Network, NetworkAttachment, NetworkRequest } from "../../core/ports/network.ts";
import { runProgram } from "../../linux/run-program.ts";
import { type Attachment, Attachments } from "./attachments.ts";
import { type CniResult, callCni, cniResultSchema, cniVersion } from "./cni-plugin.ts";
import { NetworkNamespaces } from "./network-namespaces.ts";

export interface CniNetworkOptions {
  /** Namespaces, addresses and attachments; as short-lived as they are (a tmpfs). */
  readonly stateDir: string;
  /** Where CNI plugins are looked for, in this order; `/usr/lib/cni` and `/opt/cni/bin` unless given. */
  readonly pluginDirs?: readonly string[];
  /** `davit0` unless given. */
  readonly bridge?: string;
  /** `10.89.0.0/16` unless given. */
  readonly subnet?: string;
  /** The network namespace that has the bridge, by its path; the engine's own unless given. */
  readonly hostNamespace?: string;
  readonly logger: Logger;
}

const interfaceName = "eth0";
const networkName = "davit";

/** A bridge with addresses from one subnet, made by the CNI plugins `bridge`, `host-local` and `portmap`. */
export class CniNetwork implements Network {
  readonly #pluginDirs: readonly string[];
  readonly #bridge: string;
  readonly #subnet: string;
  readonly #stateDir: string;
  readonly #prefix: readonly string[];
  readonly #namespaces: NetworkNamespaces;
  readonly #attachments: Attachments;
  readonly #logger: Logger;
  #masquerading: Promise<boolean> | undefined;

  constructor(options: CniNetworkOptions) {
    this.#pluginDirs = options.pluginDirs ?? ["/usr/lib/cni", "/opt/cni/bin"];
    this.#bridge = options.bridge ?? "davit0";
    this.#subnet = options.subnet ?? "10.89.0.0/16";
    this.#stateDir = options.stateDir;
    this.#prefix = options.hostNamespace === undefined ? [] : ["nsenter", `--net=${options.hostNamespace}`];
    this.#namespaces = new NetworkNamespaces(`${options.stateDir}/namespaces`);
    this.#attachments = new Attachments(`${options.stateDir}/attachments`);
    this.#logger = options.logger;
  }

  async available(): Promise<true | string> {
    if ((await this.#dirWith(["bridge", "host-local"])) !== undefined) return true;
    return `no CNI plugins bridge and host-local in ${this.#pluginDirs.join(" or ")} (Debian: containernetworking-plugins)`;
  }

  createNamespace(id: string): Promise<string> {
    return this.#namespaces.create(id);
  }

  async removeNamespace(id: string): Promise<void> {
    await this.detach(id);
    await this.#namespaces.remove(id);
  }

  list(): Promise<readonly string[]> {
    return this.#namespaces.list();
  }

  async attach(request: NetworkRequest, signal?: AbortSignal): Promise<NetworkAttachment> {
    const { id, namespace, ports } = request;
    const ipMasq = await this.#canMasquerade();
    if (ports.length > 0 && !ipMasq) {
      throw new EngineError("unavailable", `publish ports of ${id}: iptables cannot be used on this host`);
    }
    const attachment: Attachment = { ports: ports.map((port) => ({ ...port })), ipMasq };
    // First of all, so that a crash in between leaves what is needed to undo it.
    await this.#attachments.write(id, attachment);
    try {
      const added = await this.#call("ADD", "bridge", id, namespace, attachment, signal);
      const result = cniResultSchema.parse(added);
      const complete = { ...attachment, result };
      await this.#attachments.write(id, complete);
      if (ports.length > 0) await this.#call("ADD", "portmap", id, namespace, complete, signal);
      return this.#describe(result);
    } catch (error) {
      await this.#undo(id);
      throw wrapError(`attach ${id} to network`, error);
    }
  }

  async detach(id: string): Promise<void> {
    const attachment = await this.#attachments.read(id);
    if (attachment === undefined) return;
    const namespace = (await this.#namespaces.exists(id)) ? this.#namespaces.path(id) : "";
    try {
      if (attachment.ports.length > 0) await this.#call("DEL", "portmap", id, namespace, attachment);
      await this.#call("DEL", "bridge", id, namespace, attachment);
    } catch (error) {
      throw wrapError(`detach ${id} from network`, error);
    }
    await this.#attachments.remove(id);
  }

  async #undo(id: string): Promise<void> {
    try {
      await this.detach(id);
    } catch (error) {
      this.#logger.warn({ id, reason: messageOf(error) }, "cannot undo a failed attachment to the network");
    }
  }

  async #call(
    command: "ADD" | "DEL",
    plugin: "bridge" | "portmap",
    id: string,
    namespace: string,
    attachment: Attachment,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const dir = await this.#dirWith([plugin]);
    if (dir === undefined) throw new EngineError("unavailable", `no CNI plugin ${plugin}`);
    try {
      return await callCni({
        command,
        prefix: this.#prefix,
        path: `${dir}/${plugin}`,
        pluginDir: this.#pluginDirs.join(":"),
        containerId: id,
        namespace,
        interfaceName,
        config: plugin === "bridge" ? this.#bridgeConfig(attachment) : portmapConfig(attachment),
        signal,
      });
    } catch (error) {
      throw wrapError(`CNI plugin ${plugin}`, error);
    }
  }

  #bridgeConfig({ ipMasq, result }: Attachment): object {
    return {
      cniVersion,
      name: networkName,
      type: "bridge",
      bridge: this.#bridge,
      isGateway: true,
      hairpinMode: true,
      ipMasq,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: this.#subnet }]],
        routes: [{ dst: "0.0.0.0/0" }],
        dataDir: `${this.#stateDir}/addresses`,
      },
      ...(result === undefined ? {} : { prevResult: { cniVersion, ...result } }),
    };
  }

  #describe({ interfaces, ips }: CniResult): NetworkAttachment {
    const inside = interfaces.find((item) => item.sandbox !== "" && item.name === interfaceName);
    return {
      interfaceName,
      macAddress: inside?.mac ?? "",
      addresses: ips.map((ip) => ip.address),
      gateway: ips[0]?.gateway,
      bridge: this.#bridge,
    };
  }

  /** Asked of the host once: whether addresses can be translated, which takes iptables and its kernel part. */
  #canMasquerade(): Promise<boolean> {
    this.#masquerading ??= this.#probeMasquerading();
    return this.#masquerading;
  }

  async #probeMasquerading(): Promise<boolean> {
    const command = [...this.#prefix, "iptables", "-w", "-t", "nat", "-S", "POSTROUTING"];
    const reason = await runProgram(command).then(
      ({ exitCode, stderr }) => (exitCode === 0 ? undefined : stderr.trim()),
      messageOf,
    );
    if (reason === undefined) return true;
    this.#logger.warn(
      { reason },
      "iptables cannot be used: the bridge network does not reach beyond the host",
    );
    return false;
  }

  async #dirWith(plugins: readonly string[]): Promise<string | undefined> {
    for (const dir of this.#pluginDirs) {
      const present = await Promise.all(plugins.map((plugin) => fileExists(`${dir}/${plugin}`)));
      if (present.every(Boolean)) return dir;
    }
    return undefined;
  }
}

const portmapConfig = ({ ports, result }: Attachment): object => ({
  cniVersion,
  name: networkName,
  type: "portmap",
  snat: true,
  capabilities: { portMappings: true },
  runtimeConfig: {
    portMappings: ports.map(({ hostPort, containerPort, protocol, hostAddress }) => ({
      hostPort,
      containerPort,
      protocol,
      ...(hostAddress === undefined ? {} : { hostIP: hostAddress }),
    })),
  },
  ...(result === undefined ? {} : { prevResult: { cniVersion, ...result } }),
});

async function fileExists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return false;
    throw error;
  }
}
