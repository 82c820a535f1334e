import { splitCsv } from "./csv.ts";

/** One `--network`: a name alone, or `name=NAME,alias=...`. */
export interface NetworkOption {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly linkLocalIps: readonly string[];
  readonly driverOpts: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly ip6: string;
  readonly macAddress: string;
  readonly gwPriority: number;
}

const plain: NetworkOption = {
  name: "",
  aliases: [],
  links: [],
  linkLocalIps: [],
  driverOpts: {},
  ip: "",
  ip6: "",
  macAddress: "",
  gwPriority: 0,
};

export function parseNetworkOption(text: string): NetworkOption {
  const isLong = text.split(",").some((part) => /^[a-z0-9-]+=/.test(part));
  if (!isLong) return { ...plain, name: text };
  const option = splitCsv(text).reduce<NetworkOption>(withField, plain);
  if (option.name === "") throw new Error("network name/id is not specified");
  return option;
}

function withField(option: NetworkOption, field: string): NetworkOption {
  const equals = field.indexOf("=");
  if (equals === -1) throw new Error(`invalid field ${field}`);
  const value = field.slice(equals + 1).trim();
  switch (field.slice(0, equals).trim().toLowerCase()) {
    case "name":
      return { ...option, name: value };
    case "alias":
      return { ...option, aliases: [...option.aliases, value] };
    case "ip":
      return { ...option, ip: value };
    case "ip6":
      return { ...option, ip6: value };
    case "mac-address":
      return { ...option, macAddress: value };
    case "link-local-ip":
      return { ...option, linkLocalIps: [...option.linkLocalIps, value] };
    case "driver-opt": {
      const at = value.indexOf("=");
      if (at === -1) throw new Error("invalid key value pair format in driver options");
      return { ...option, driverOpts: { ...option.driverOpts, [value.slice(0, at)]: value.slice(at + 1) } };
    }
    case "gw-priority":
      if (!/^[+-]?\d+$/.test(value)) throw new Error(`invalid gw-priority (${value}): invalid syntax`);
      return { ...option, gwPriority: Number(value) };
    default:
      throw new Error(`invalid field key ${field.slice(0, equals)}`);
  }
}

/** What the flags that are for the first network alone say of it. */
export type FirstNetwork = Omit<NetworkOption, "name" | "driverOpts" | "gwPriority">;

/** The networks of a container, as the API takes them; the first is the container's mode. */
export function networkSettings(
  options: readonly NetworkOption[],
  first: FirstNetwork,
): { readonly mode: string; readonly endpoints: Readonly<Record<string, object>> } {
  const given = options.length === 0 ? [{ ...plain, name: "default" }] : options;
  checkNames(given);
  const endpoints = given.map((option, at): readonly [string, NetworkOption] => [
    option.name,
    at === 0 ? merged(option, first) : option,
  ]);
  const needed = endpoints.filter(([, option]) => endpoints.length > 1 || !isPlain(option));
  return {
    mode: given[0]?.name ?? "default",
    endpoints: Object.fromEntries(needed.map(([name, option]) => [name, endpoint(option)])),
  };
}

function checkNames(options: readonly NetworkOption[]): void {
  const names = options.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Error(`network "${twice}" is specified multiple times`);
  if (names.length > 1 && names.some(isOwn) && !names.every(isOwn)) {
    throw new Error(
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    );
  }
}

const isOwn = (name: string): boolean =>
  !["default", "bridge", "host", "none"].includes(name) && !name.startsWith("container:");

/** Each thing is said in one place. */
function merged(option: NetworkOption, first: FirstNetwork): NetworkOption {
  const conflict = (flag: string, what: string): Error =>
    new Error(`conflicting options: cannot specify both --${flag} and per-network ${what}`);
  if (option.aliases.length > 0 && first.aliases.length > 0) throw conflict("network-alias", "alias");
  if (option.ip !== "" && first.ip !== "") throw conflict("ip", "IPv4 address");
  if (option.ip6 !== "" && first.ip6 !== "") throw conflict("ip6", "IPv6 address");
  if (option.macAddress !== "" && first.macAddress !== "") throw conflict("mac-address", "MAC address");
  if (option.linkLocalIps.length > 0 && first.linkLocalIps.length > 0) {
    throw conflict("link-local-ip", "link-local IP addresses");
  }
  return {
    ...option,
    aliases: [...option.aliases, ...first.aliases],
    linkLocalIps: [...option.linkLocalIps, ...first.linkLocalIps],
    // On the default bridge they are the host's configuration's.
    links: isOwn(option.name) ? first.links : [],
    ip: option.ip || first.ip,
    ip6: option.ip6 || first.ip6,
    macAddress: option.macAddress || first.macAddress,
  };
}

const isPlain = ({ name: _name, ...option }: NetworkOption): boolean =>
  JSON.stringify(option) === JSON.stringify({ ...plain, name: undefined });

function endpoint(option: NetworkOption): object {
  const { ip, ip6, linkLocalIps, aliases, links, driverOpts, macAddress, gwPriority } = option;
  const hasAddress = ip !== "" || ip6 !== "" || linkLocalIps.length > 0;
  return {
    ...(hasAddress ? { IPAMConfig: { IPv4Address: ip, IPv6Address: ip6, LinkLocalIPs: linkLocalIps } } : {}),
    ...(links.length === 0 ? {} : { Links: links }),
    ...(aliases.length === 0 ? {} : { Aliases: aliases }),
    ...(Object.keys(driverOpts).length === 0 ? {} : { DriverOpts: driverOpts }),
    ...(macAddress === "" ? {} : { MacAddress: macAddress }),
    ...(gwPriority === 0 ? {} : { GwPriority: gwPriority }),
  };
}
