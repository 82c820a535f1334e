import { BlockList, isIP } from "node:net";
import { Failure } from "../failure.ts";

/** What was typed, in any order. */
export interface IpamFlags {
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  readonly auxAddresses: Readonly<Record<string, string>>;
}

interface SubnetConfig {
  readonly Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** Puts ranges, gateways and further addresses to the subnets that they are in, as docker does. */
export function ipamConfig({ subnets, ranges, gateways, auxAddresses }: IpamFlags): readonly SubnetConfig[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new Failure("every ip-range or gateway must have a corresponding subnet");
  }
  for (const [at, subnet] of subnets.entries()) {
    const others = subnets.slice(0, at);
    if (others.some((other) => isIn(other, addressOf(subnet)) || isIn(subnet, addressOf(other)))) {
      throw new Failure("multiple overlapping subnet configuration is not supported");
    }
  }
  const configs = subnets.map((Subnet): SubnetConfig => ({ Subnet }));
  const find = (address: string, what: string): SubnetConfig => {
    const found = configs.find(({ Subnet }) => isIn(Subnet, address));
    if (found === undefined) throw new Failure(`no matching subnet for ${what}`);
    return found;
  };
  for (const range of ranges) {
    const config = find(addressOf(range), `range ${range}`);
    if (config.IPRange !== undefined) throw several("ranges", config.IPRange, range, config.Subnet);
    config.IPRange = range;
  }
  for (const gateway of gateways) {
    const config = find(gateway, `gateway ${gateway}`);
    if (config.Gateway !== undefined) throw several("gateways", config.Gateway, gateway, config.Subnet);
    config.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(auxAddresses)) {
    (find(address, `aux-address ${address}`).AuxiliaryAddresses ??= {})[name] = address;
  }
  return configs;
}

const several = (what: string, one: string, other: string, subnet: string): Failure =>
  new Failure(`cannot configure multiple ${what} (${one}, ${other}) on the same subnet (${subnet})`);

const addressOf = (cidr: string): string => cidr.split("/", 1)[0] ?? "";

/** Of what is no subnet or no address, the daemon says so. */
function isIn(subnet: string, address: string): boolean {
  const [network = "", length = ""] = subnet.split("/");
  const family = isIP(network);
  const bits = family === 4 ? 32 : 128;
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(length) || Number(length) > bits)
    return false;
  const name = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, Number(length), name);
  return list.check(address, name);
}
