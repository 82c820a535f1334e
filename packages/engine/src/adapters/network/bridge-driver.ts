import { EngineError, messageOf, wrapError } from "../../core/errors.ts";
import { addressOnly, formatAddress, parseCidr } from "../../core/network/cidr.ts";
import { publishedPortsOf } from "../../core/network/port-options.ts";
import type { DriverCall } from "../../core/ports/driver-call.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { PublishedPort } from "../../core/ports/network.ts";
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
import { type BridgeOptions, bridgeOptions } from "./bridge-options.ts";
import { networkRules, portRules } from "./bridge-rules.ts";
import { type IpCommand, isMissingDevice, runIp } from "./ip-batch.ts";
import { addAddress } from "./linux-sandboxes.ts";
import { PacketFilter } from "./packet-filter.ts";

/** What is on record of this driver's networks and endpoints: it remembers nothing by itself. */
export interface BridgeRecords {
  /** As it was created; undefined for one that there is not. */
  network(networkId: string): DriverNetwork | undefined;
  endpoint(
    endpointId: string,
  ): { readonly addresses: EndpointAddresses; readonly ports: readonly PublishedPort[] } | undefined;
}

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
  readonly #filters: Readonly<Record<4 | 6, PacketFilter>>;
  /** Networks whose bridge this engine has made or found, by ID. */
  readonly #present = new Map<string, Promise<void>>();

  constructor({ records, logger, hostNamespace }: BridgeDriverOptions) {
    this.#records = records;
    this.#prefix = hostNamespace === undefined ? [] : ["nsenter", `--net=${hostNamespace}`];
    const options = { prefix: this.#prefix, logger };
    this.#filters = {
      4: new PacketFilter({ ...options, family: 4 }),
      6: new PacketFilter({ ...options, family: 6 }),
    };
  }

  capabilities() {
    return Promise.resolve({ scope: "local", connectivityScope: "local" } as const);
  }

  async createNetwork(network: DriverNetwork): Promise<void> {
    const options = bridgeOptions(network);
    if (network.ipv4.length > 1 || network.ipv6.length > 1) {
      throw new EngineError("forbidden", "bridge driver doesn't support multiple subnets");
    }
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

  deleteEndpoint(): Promise<void> {
    return Promise.resolve();
  }

  endpointInfo({ endpointId }: EndpointIds): Promise<Readonly<Record<string, unknown>>> {
    const macAddress = this.#records.endpoint(endpointId)?.addresses.macAddress ?? "";
    return Promise.resolve({ "com.docker.network.endpoint.macaddress": macAddress });
  }

  async join(join: DriverJoin, { signal }: DriverCall = {}): Promise<JoinInfo> {
    const { network, options } = await this.#ensure(join.networkId);
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
    try {
      await runIp([{ commands: pair }, { namespace: join.sandboxKey, commands: furnished }], {
        prefix: this.#prefix,
        signal,
      });
    } catch (error) {
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
    const { address, addressIPv6 } = this.#records.endpoint(ids.endpointId)?.addresses ?? {};
    const unusable = await this.#filters[4].unusable();
    if (unusable !== undefined) {
      throw new EngineError(
        "unavailable",
        `publish ports: iptables cannot be used on this host: ${unusable} (use --network host, or reach the container at its address)`,
      );
    }
    const tag = tagOf(ids.endpointId);
    if (address !== undefined) {
      await this.#sysctl({ [`ipv4/conf/${options.name}/route_localnet`]: "1" });
      const reached = ports.filter(({ hostAddress }) => hostAddress?.includes(":") !== true);
      await this.#filters[4].add(tag, portRules(options.name, addressOnly(address), reached));
    }
    if (addressIPv6 === undefined || (await this.#filters[6].unusable()) !== undefined) return;
    const reached = ports.filter(({ hostAddress }) => hostAddress === undefined || hostAddress.includes(":"));
    if (reached.length > 0) {
      await this.#filters[6].add(tag, portRules(options.name, addressOnly(addressIPv6), reached));
    }
  }

  async revokeExternalConnectivity({ endpointId }: EndpointIds): Promise<void> {
    const endpoint = this.#records.endpoint(endpointId);
    if (endpoint === undefined || endpoint.ports.length === 0) return;
    const families = endpoint.addresses.addressIPv6 === undefined ? ([4] as const) : ([4, 6] as const);
    for (const family of families) {
      if ((await this.#filters[family].unusable()) === undefined) {
        await this.#filters[family].remove(tagOf(endpointId));
      }
    }
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
    await this.#filter(4, network.networkId, options, network.ipv4);
    await this.#filter(6, network.networkId, options, network.ipv6);
  }

  /** One that is there already is used as it is. */
  async #addBridge(name: string, networkId: string): Promise<void> {
    const address = `02:42:${(networkId.slice(0, 8).match(/../g) ?? []).join(":")}`;
    try {
      await runIp([{ commands: [["link", "add", "name", name, "address", address, "type", "bridge"]] }], {
        prefix: this.#prefix,
      });
    } catch (error) {
      if (!messageOf(error).includes("File exists")) throw error;
    }
  }

  async #filter(
    family: 4 | 6,
    networkId: string,
    options: BridgeOptions,
    pools: DriverNetwork["ipv4"],
  ): Promise<void> {
    if (pools.length === 0 || (await this.#filters[family].unusable()) !== undefined) return;
    const rules = networkRules(
      options,
      pools.map(({ pool }) => pool),
    );
    await this.#filters[family].replace(tagOf(networkId), rules);
  }

  async #takeDown(networkId: string, { name, isOwn }: BridgeOptions): Promise<void> {
    for (const filter of [this.#filters[4], this.#filters[6]]) {
      if ((await filter.unusable()) === undefined) await filter.remove(tagOf(networkId));
    }
    // A bridge that the user named may be somebody else's, unless it has our address.
    if (isOwn || (await this.#isOurs(name, networkId))) await this.#deleteLink(name);
  }

  async #isOurs(name: string, networkId: string): Promise<boolean> {
    const { stdout } = await runProgram([...this.#prefix, "ip", "-o", "link", "show", "dev", name]);
    return stdout.includes(`02:42:${(networkId.slice(0, 8).match(/../g) ?? []).join(":")}`);
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

const tagOf = (id: string): string => `davit:${id.slice(0, 16)}`;

/** As Docker Engine makes them: from the address, so that it comes with the same one again. */
function macAddressFor({ address, addressIPv6 }: EndpointAddresses): string {
  const { value } = parseCidr(address ?? addressIPv6 ?? "") ?? { value: 0n };
  const bytes = formatAddress({ family: 4, value: value & 0xffff_ffffn }).split(".");
  return ["02", "42", ...bytes.map((byte) => Number(byte).toString(16).padStart(2, "0"))].join(":");
}
