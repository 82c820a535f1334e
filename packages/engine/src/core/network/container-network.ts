import type { ContainerCreateBody, EndpointSettings } from "@davit/protocol";
import type { ContainerRecord } from "../container/record.ts";
import { EngineError } from "../errors.ts";
import { shortId } from "../identifiers.ts";
import { parseAddress } from "./cidr.ts";
import { type ContainerNetwork, isPredefined, type NetworkRecord } from "./record.ts";

const invalid = (message: string): EngineError => new EngineError("invalid", message);

/** A place on a network of which nothing is asked. */
export const plainNetwork = (name: string, networkId = ""): ContainerNetwork => ({
  name,
  networkId,
  aliases: [],
  ipv4Address: "",
  ipv6Address: "",
  linkLocalIps: [],
  macAddress: "",
  driverOpts: {},
  gatewayPriority: 0,
  links: [],
  hasIpamConfig: false,
});

/** What `--network NAME` and `connect` ask of a network; invalid where that is no address. */
export function containerNetwork(name: string, settings: EndpointSettings, networkId = ""): ContainerNetwork {
  const { IPv4Address = "", IPv6Address = "", LinkLocalIPs = [] } = settings.IPAMConfig ?? {};
  checkAddress("IPv4", 4, IPv4Address);
  checkAddress("IPv6", 6, IPv6Address);
  for (const address of LinkLocalIPs) {
    if (parseAddress(address) === undefined) throw invalid(`invalid link-local IP address: ${address}`);
  }
  return {
    name,
    networkId,
    aliases: settings.Aliases,
    ipv4Address: IPv4Address,
    ipv6Address: IPv6Address,
    linkLocalIps: LinkLocalIPs,
    macAddress: checkedMac(settings.MacAddress),
    driverOpts: settings.DriverOpts,
    gatewayPriority: settings.GwPriority,
    links: settings.Links,
    hasIpamConfig: settings.IPAMConfig !== undefined,
  };
}

function checkAddress(family: string, number: 4 | 6, text: string): void {
  if (text !== "" && parseAddress(text)?.family !== number)
    throw invalid(`invalid ${family} address: ${text}`);
}

function checkedMac(text: string): string {
  if (text === "") return "";
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text)) throw invalid(`invalid MAC address: ${text}`);
  return text.toLowerCase().replaceAll("-", ":");
}

/**
 * The networks that a new container is to be in: those with settings, or else the one that its mode names. None for a container that
 * uses another's.
 */
export function plannedNetworks(
  body: Pick<ContainerCreateBody, "NetworkDisabled" | "MacAddress" | "HostConfig" | "NetworkingConfig">,
): readonly ContainerNetwork[] {
  const mode = body.HostConfig.NetworkMode;
  if (mode === "container" || mode.startsWith("container:")) return [];
  const main = body.NetworkDisabled ? "none" : mode === "" || mode === "default" ? "bridge" : mode;
  const given = Object.entries(body.NetworkingConfig.EndpointsConfig);
  const wanted = given.map(([name, settings]) =>
    containerNetwork(name === "default" ? "bridge" : name, settings),
  );
  const networks = wanted.length === 0 || body.NetworkDisabled ? [plainNetwork(main)] : wanted;
  const mac = checkedMac(body.MacAddress);
  if (mac === "") return networks;
  const withMac = networks.find(({ name }) => name === main) ?? networks[0];
  return networks.map((network) =>
    network === withMac && network.macAddress === "" ? { ...network, macAddress: mac } : network,
  );
}

/** As the Engine refuses several networks to clients of an API that has one at creation, and others by `connect`. */
export function requireOneNetwork({ NetworkingConfig }: Pick<ContainerCreateBody, "NetworkingConfig">): void {
  const names = Object.keys(NetworkingConfig.EndpointsConfig);
  if (names.length > 1) {
    throw invalid(`Container cannot be connected to network endpoints: ${names.join(", ")}`);
  }
}

/** Refuses what a network cannot do for a container, with the Engine's text. */
export function checkFits(wanted: ContainerNetwork, network: NetworkRecord): void {
  const asksAddress = wanted.ipv4Address !== "" || wanted.ipv6Address !== "";
  if (isPredefined(network.name)) {
    if (asksAddress) throw invalid("user specified IP address is supported on user defined networks only");
    if (wanted.aliases.length > 0) {
      throw invalid("network-scoped alias is supported only for containers in user defined networks");
    }
    return;
  }
  const hasSubnet = (ipv6: boolean): boolean =>
    network.ipam.config.some(({ subnet }) => subnet !== "" && subnet.includes(":") === ipv6);
  if ((wanted.ipv4Address !== "" && !hasSubnet(false)) || (wanted.ipv6Address !== "" && !hasSubnet(true))) {
    throw invalid(
      "user specified IP address is supported only when connecting to networks with user configured subnets",
    );
  }
}

/** What a container is called on a network of the user's: by its name, aliases, short ID and host name. */
export const dnsNames = (
  container: { readonly id: string; readonly name: string; readonly config: { readonly hostname: string } },
  { aliases }: Pick<ContainerNetwork, "aliases">,
): readonly string[] => [
  ...new Set([container.name, ...aliases, shortId(container.id), container.config.hostname]),
];

/** The networks that a container is in whenever it runs, also of a record that an earlier version made. */
export function networksOf({
  networks,
  networkMode,
  hostConfig,
}: Pick<ContainerRecord, "networks" | "networkMode" | "hostConfig">): readonly ContainerNetwork[] {
  if (networks !== undefined) return networks;
  if (networkMode === "container") return [];
  return [plainNetwork(networkMode === "network" ? hostConfig.NetworkMode : networkMode)];
}
