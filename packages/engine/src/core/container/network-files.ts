import { nameServerAddress } from "../ports/name-servers.ts";
import type { ContainerAddress, ContainerRecord } from "./record.ts";

const localNames = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "ff00::0\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];

/** `/etc/hosts`; on the host's network it begins with the host's own. */
export function hostsFile(
  { config, networkMode, hostConfig }: ContainerRecord,
  addresses: readonly ContainerAddress[],
  hostsOfHost: string,
): string {
  const base = networkMode === "host" && hostsOfHost !== "" ? [hostsOfHost.trimEnd()] : localNames;
  const gateway = addresses.find((address) => address.gateway !== "")?.gateway ?? "127.0.0.1";
  const extra = hostConfig.ExtraHosts.map((entry) => {
    const separator = entry.indexOf(":");
    const name = entry.slice(0, separator);
    const given = entry.slice(separator + 1);
    return `${given === "host-gateway" ? gateway : given}\t${name}`;
  });
  const own = addresses.map((address) => ownLine(address.address, config));
  return `${[...base, ...extra, ...own].join("\n")}\n`;
}

type Names = Pick<ContainerRecord["config"], "hostname" | "domainname">;

function ownLine(address: string, { hostname, domainname }: Names): string {
  const full = domainname === "" ? "" : `${hostname}.${domainname} `;
  return `${address}\t${full}${hostname}`;
}

/** A hosts file with further addresses of the container itself. */
export const withAddedAddresses = (hosts: string, addresses: readonly string[], names: Names): string =>
  `${hosts}${addresses.map((address) => `${ownLine(address, names)}\n`).join("")}`;

export const withoutAddresses = (hosts: string, addresses: readonly string[], names: Names): string => {
  const gone = new Set(addresses.map((address) => ownLine(address, names)));
  return hosts
    .split("\n")
    .filter((line) => !gone.has(line))
    .join("\n");
};

/** The servers that a `resolv.conf` names. */
export const nameserversOf = (text: string): readonly string[] =>
  text.split("\n").flatMap((line) => {
    const [word, address = ""] = line.trim().split(/\s+/);
    return word === "nameserver" && isIpAddress(address.replace(/%.*$/, "")) ? [address] : [];
  });

/** Those that everybody reaches, for a host that resolves through its own loopback. */
const publicResolvers = ["8.8.8.8", "8.8.4.4"];

/**
 * `/etc/resolv.conf`: the host's with what was asked instead; off the host's network without its loopback resolvers. `isServed`: the
 * engine's own name server asks them in the container's place.
 */
export function resolvConf(
  { networkMode, hostConfig }: ContainerRecord,
  ofHost: string,
  isServed = false,
): string {
  const lines = ofHost.split("\n").map((line) => line.trim());
  const values = (keyword: string): string[] =>
    lines.flatMap((line) => {
      const [word, ...rest] = line.split(/\s+/);
      return word === keyword && rest.length > 0 ? [rest.join(" ")] : [];
    });
  const isOwn = networkMode === "bridge" || networkMode === "network";
  const found = values("nameserver").filter((address) => isIpAddress(address.replace(/%.*$/, "")));
  const reachable = isOwn ? found.filter((address) => !/^127\.|^::1$/.test(address)) : found;
  const inherited = isOwn && reachable.length === 0 ? publicResolvers : reachable;
  const choose = (given: readonly string[], otherwise: readonly string[]) =>
    given.length > 0 ? given : otherwise;
  const search = choose(hostConfig.DnsSearch, values("search").slice(-1));
  const asked = choose(hostConfig.DnsOptions, values("options"));
  // Names of containers have no dot.
  const options =
    isServed && !asked.some((option) => /(^|\s)ndots:/.test(option)) ? [...asked, "ndots:0"] : asked;
  const servers = isServed ? [nameServerAddress] : choose(hostConfig.Dns, inherited);
  const written = [
    ...servers.map((address) => `nameserver ${address}`),
    ...(search.length === 0 || search.includes(".") ? [] : [`search ${search.join(" ")}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}`]),
  ];
  return written.map((line) => `${line}\n`).join("");
}

/** True for an IPv4 address, and for what can only be an IPv6 address. */
export const isIpAddress = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) || (/^[0-9a-fA-F:.]+$/.test(text) && text.includes(":"));
