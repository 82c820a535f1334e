import { EngineError, messageOf, wrapError } from "../../core/errors.ts";
import { addressOnly, formatAddress, parseCidr } from "../../core/network/cidr.ts";
import { publishedPortsOf } from "../../core/network/port-options.ts";
import type { DriverCall } from "../../core/ports/driver-call.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type {
  DriverEndpoint,
  DriverJoin,
  DriverNetwork,
  EndpointAddresses,
  EndpointIds,
  JoinInfo,
  NetworkDriver,
} from "../../core/ports/network-driver.ts";
import { runProgram } from "../../linux/run-program.ts";
import { BridgeFilters, type BridgeRecords } from "./bridge-filters.ts";
import { type BridgeOptions, bridgeNameOf, bridgeOptions } from "./bridge-options.ts";
import { type IpCommand, isMissingDevice, runIp } from "./ip-batch.ts";
import { addAddress } from "./linux-sandboxes.ts";

export interface BridgeDriverOptions {
  readonly records: BridgeRecords;
  readonly logger: Logger;
  /** The network namespace that has the bridges, by its file; the engine's own unless given. */
  readonly hostNamespace?: string;
}

/** Networks of one bridge on the host each, a pair of virtual interfaces for each endpoint. */
export class BridgeDriver implements NetworkDriver {
  readonly name = "bridge";
  readonly #records: BridgeRecords;
  readonly #prefix: readonly string[];
  readonly #filters: BridgeFilters;
  /** Networks whose bridge this engine has made or found, by ID. */
  readonly #present = new Map<string, Promise<void>>();

  constructor({ records, logger, hostNamespace }: BridgeDriverOptions) {
    this.#records = records;
    this.#prefix = hostNamespace === undefined ? [] : ["nsenter", `--net=${hostNamespace}`];
    this.#filters = new BridgeFilters({ records, logger, prefix: this.#prefix });
  }

  capabilities() {
    return Promise.resolve({ scope: "local", connectivityScope: "local" } as const);
  }

  async createNetwork(network: DriverNetwork): Promise<void> {
    const options = bridgeOptions(network);
    if (network.ipv4.length > 1 || network.ipv6.length > 1) {
      throw new EngineError("forbidden", "bridge driver doesn't support multiple subnets");
    }
    for (const [family, pools] of [
      [4, network.ipv4],
      [6, network.ipv6],
    ] as const) {
      // Its rules would be about every address that there is.
      if (pools.some(({ pool }) => parseCidr(pool)?.prefixLength === 0)) {
        throw new EngineError("invalid", `ipv${family} pool is empty`);
      }
    }
    this.#requireOwnBridge(network, options);
    const making = this.#make(network, options);
    this.#present.set(network.networkId, making);
    try {
      await making;
    } catch (error) {
      this.#present.delete(network.networkId);
      await this.#takeDown(network.networkId, options).catch(() => undefined);
      throw wrapError(`create bridge ${options.name}`, error);
    }
  }

  /** One bridge is one network's, or the end of one would be that of both. */
  #requireOwnBridge({ networkId }: DriverNetwork, { name }: BridgeOptions): void {
    const begun = [...this.#present.keys()].flatMap((id) => this.#records.network(id) ?? []);
    const twin = [...this.#records.networks(), ...begun].find(
      (other) => other.networkId !== networkId && bridgeNameOf(other) === name,
    );
    if (twin === undefined) return;
    throw new EngineError(
      "forbidden",
      `cannot create network ${networkId} (${name}): conflicts with network ${twin.networkId} (${name}): networks have same bridge name`,
    );
  }

  async deleteNetwork(networkId: string): Promise<void> {
    this.#present.delete(networkId);
    const network = this.#records.network(networkId);
    if (network !== undefined) await this.#takeDown(networkId, bridgeOptions(network));
  }

  createEndpoint({ addresses }: DriverEndpoint): Promise<EndpointAddresses> {
    return Promise.resolve(
      addresses.macAddress === undefined ? { macAddress: macAddressFor(addresses) } : {},
    );
  }

  deleteEndpoint({ endpointId }: EndpointIds): Promise<void> {
    this.#filters.forget(endpointId);
    return Promise.resolve();
  }

  endpointInfo({ endpointId }: EndpointIds): Promise<Readonly<Record<string, unknown>>> {
    const macAddress = this.#records.endpoint(endpointId)?.addresses.macAddress ?? "";
    return Promise.resolve({ "com.docker.network.endpoint.macaddress": macAddress });
  }

  async join(join: DriverJoin, call: DriverCall = {}): Promise<JoinInfo> {
    const { network, options } = await this.#ensure(join.networkId);
    try {
      return await this.#plug(join, network, options, call);
    } catch (error) {
      if (!isMissingDevice(messageOf(error))) throw error;
      // Somebody has taken the bridge away: it is made anew once.
      this.#present.delete(join.networkId);
      await this.#ensure(join.networkId);
      return await this.#plug(join, network, options, call);
    }
  }

  async #plug(
    join: DriverJoin,
    network: DriverNetwork,
    options: BridgeOptions,
    { signal }: DriverCall,
  ): Promise<JoinInfo> {
    const { address, addressIPv6, macAddress } = join.addresses;
    const outside = vethName(join);
    const inside = join.interfaceName;
    const mtu = options.mtu === undefined ? [] : ["mtu", String(options.mtu)];
    const mac = macAddress === undefined ? [] : ["address", macAddress];
    // The bridge itself keeps its containers from each other: what stays on it no packet filter sees.
    const apart = options.icc ? [] : ["isolated", "on"];
    const pair: IpCommand[] = [
      [
        "link",
        "add",
        outside,
        ...mtu,
        "master",
        options.name,
        "type",
        "veth",
        "peer",
        "name",
        inside,
        ...mac,
        ...mtu,
        "netns",
        join.sandboxKey,
      ],
      ["link", "set", outside, "up", "type", "bridge_slave", "hairpin", "on", ...apart],
    ];
    const addresses = [address, addressIPv6].flatMap((given) => given ?? []);
    const furnished: IpCommand[] = [
      ...addresses.map((given) => addAddress(inside, given)),
      ["link", "set", inside, "up"],
    ];
    const mending = this.#filters.mend(network, options);
    // Told below, when the pair is there to be taken away again.
    mending.catch(() => undefined);
    try {
      await runIp([{ commands: pair }, { namespace: join.sandboxKey, commands: furnished }], {
        prefix: this.#prefix,
        signal,
      });
      await mending;
    } catch (error) {
      await Promise.allSettled([mending]);
      await this.leave(join);
      throw wrapError(`join bridge ${options.name}`, error);
    }
    const [ipv4] = network.ipv4;
    const [ipv6] = network.ipv6;
    const gateway = (of: string | undefined) =>
      options.internal || of === undefined ? undefined : addressOnly(of);
    return {
      interface: { kind: "placed", name: inside },
      gateway: address === undefined ? undefined : gateway(ipv4?.gateway),
      gatewayIPv6: addressIPv6 === undefined ? undefined : gateway(ipv6?.gateway),
      staticRoutes: [],
      disableGatewayService: true,
    };
  }

  /** The interface inside goes with the one outside. */
  async leave(ids: EndpointIds): Promise<void> {
    await this.#deleteLink(vethName(ids));
  }

  async programExternalConnectivity(
    ids: EndpointIds,
    driverOptions: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const ports = publishedPortsOf(driverOptions);
    if (ports.length === 0) return;
    const { options } = await this.#ensure(ids.networkId);
    await this.#filters.requireUsable();
    const { addresses = {} } = this.#records.endpoint(ids.endpointId) ?? {};
    if (addresses.address !== undefined) {
      await this.#sysctl({ [`ipv4/conf/${options.name}/route_localnet`]: "1" });
    }
    await this.#filters.publish(options.name, { endpointId: ids.endpointId, addresses, ports });
  }

  async revokeExternalConnectivity({ endpointId }: EndpointIds): Promise<void> {
    const endpoint = this.#records.endpoint(endpointId);
    if (endpoint === undefined || endpoint.ports.length === 0) return;
    await this.#filters.unpublish(endpointId);
  }

  /** The network with its bridge there, which a reboot may have taken. */
  async #ensure(
    networkId: string,
  ): Promise<{ readonly network: DriverNetwork; readonly options: BridgeOptions }> {
    const network = this.#records.network(networkId);
    if (network === undefined) throw new EngineError("not-found", `network ${networkId} not found`);
    const options = bridgeOptions(network);
    const present = this.#present.get(networkId) ?? this.#make(network, options);
    this.#present.set(networkId, present);
    try {
      await present;
    } catch (error) {
      this.#present.delete(networkId);
      throw wrapError(`create bridge ${options.name}`, error);
    }
    return { network, options };
  }

  async #make(network: DriverNetwork, options: BridgeOptions): Promise<void> {
    const { name, mtu } = options;
    const gateways = [...network.ipv4, ...network.ipv6].flatMap(({ gateway }) => gateway ?? []);
    await this.#addBridge(name, network.networkId);
    await runIp(
      [
        {
          commands: [
            ...(mtu === undefined ? [] : [["link", "set", name, "mtu", String(mtu)]]),
            ...gateways.map((gateway) => [
              "addr",
              "replace",
              gateway,
              "dev",
              name,
              ...(gateway.includes(":") ? ["nodad"] : []),
            ]),
            ["link", "set", name, "up"],
          ],
        },
      ],
      { prefix: this.#prefix },
    );
    if (!options.internal) {
      await this.#sysctl({
        ...(network.ipv4.length === 0 ? {} : { "ipv4/ip_forward": "1" }),
        ...(network.ipv6.length === 0 ? {} : { "ipv6/conf/all/forwarding": "1" }),
      });
    }
    await this.#filters.separate(network, options);
  }

  /** One that is there already is used as it is. */
  async #addBridge(name: string, networkId: string): Promise<void> {
    try {
      await runIp(
        [{ commands: [["link", "add", "name", name, "address", bridgeMac(networkId), "type", "bridge"]] }],
        {
          prefix: this.#prefix,
        },
      );
    } catch (error) {
      if (!messageOf(error).includes("File exists")) throw error;
      const { stdout } = await runProgram([...this.#prefix, "ip", "-o", "-d", "link", "show", "dev", name]);
      if (!/\sbridge /.test(stdout)) {
        throw new EngineError("forbidden", `existing interface ${name} is not a bridge`);
      }
    }
  }

  async #takeDown(networkId: string, { name, isOwn }: BridgeOptions): Promise<void> {
    await this.#filters.remove(networkId);
    // A bridge that the user named may be somebody else's, unless it has our address.
    if (isOwn || (await this.#isOurs(name, networkId))) await this.#deleteLink(name);
  }

  async #isOurs(name: string, networkId: string): Promise<boolean> {
    const { stdout } = await runProgram([...this.#prefix, "ip", "-o", "link", "show", "dev", name]);
    return stdout.includes(bridgeMac(networkId));
  }

  async #deleteLink(name: string): Promise<void> {
    try {
      await runIp([{ commands: [["link", "del", name]] }], { prefix: this.#prefix });
    } catch (error) {
      if (!isMissingDevice(messageOf(error))) throw wrapError(`delete interface ${name}`, error);
    }
  }

  /** Settings of the kernel below `net`. */
  async #sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    const script = Object.entries(settings).map(([key, value]) => `echo ${value} > /proc/sys/net/${key}`);
    if (script.length === 0) return;
    const { exitCode, stderr } = await runProgram([...this.#prefix, "sh", "-ec", script.join("\n")]);
    if (exitCode !== 0) throw new EngineError("internal", `set kernel parameters: ${stderr.trim()}`);
  }
}

/** On the host; found again by the endpoint's ID alone. */
const vethName = ({ endpointId }: EndpointIds): string => `veth${endpointId.slice(0, 11)}`;

const bridgeMac = (networkId: string): string =>
  `02:42:${(networkId.slice(0, 8).match(/../g) ?? []).join(":")}`;

/** As Docker Engine makes them: from the address, so that it comes with the same one again. */
function macAddressFor({ address, addressIPv6 }: EndpointAddresses): string {
  const { value } = parseCidr(address ?? addressIPv6 ?? "") ?? { value: 0n };
  const bytes = formatAddress({ family: 4, value: value & 0xffff_ffffn }).split(".");
  return ["02", "42", ...bytes.map((byte) => Number(byte).toString(16).padStart(2, "0"))].join(":");
}
