import { EngineError } from "../errors.ts";
import { bitsOf, type Cidr, firstOf, lastOf, networkOf, overlap, parseCidr } from "./cidr.ts";

/** Subnets of one size, cut out of a larger one. */
export interface AddressPools {
  readonly base: Cidr;
  /** Their prefix length. */
  readonly size: number;
}

/** The same as settings have it. */
export interface AddressPoolsSetting {
  readonly base: string;
  readonly size: number;
}

/** Reads `base=10.0.0.0/8,size=24`, with dockerd's words for what is none. */
export function parseAddressPools(text: string): AddressPoolsSetting {
  const fields = new Map<string, string>();
  for (const field of text.split(",")) {
    const [key = "", value, ...more] = field.split("=");
    if (value === undefined || more.length > 0) {
      throw invalid(`invalid field '${field}' must be a key=value pair`);
    }
    const name = key.trim().toLowerCase();
    if (name !== "base" && name !== "size") throw invalid(`unexpected key '${key}' in '${field}'`);
    fields.set(name, value.trim());
  }
  const size = fields.get("size") ?? "";
  if (!/^\d+$/.test(size)) throw invalid(`invalid size value: ${JSON.stringify(size)} (must be integer)`);
  return { base: fields.get("base") ?? "", size: Number(size) };
}

/** What a setting means; invalid where it is no subnet, or cannot be cut so. */
export function addressPools({ base, size }: AddressPoolsSetting): AddressPools {
  const parsed = parseCidr(base);
  if (parsed === undefined) throw invalid(`invalid base prefix ${JSON.stringify(base)}`);
  if (size < parsed.prefixLength || size > bitsOf(parsed.family)) {
    throw invalid(
      `invalid size ${size} of pools in ${base}: expected ${parsed.prefixLength} to ${bitsOf(parsed.family)}`,
    );
  }
  return { base: networkOf(parsed), size };
}

const invalid = (message: string): EngineError => new EngineError("invalid", message);

/** Where in a list of pools a search begins. */
export interface PoolPlace {
  readonly index: number;
  readonly value: bigint;
}

/**
 * The first subnet from a place on that nothing taken overlaps with, and the place behind it. What is in the way is passed over as a
 * whole: a pool may be cut into more subnets than could ever be looked at.
 */
export function findFreeSubnet(
  pools: readonly AddressPools[],
  taken: readonly Cidr[],
  from: PoolPlace | undefined,
): { readonly subnet: Cidr; readonly next: PoolPlace } | undefined {
  for (const [index, { base, size }] of pools.entries()) {
    if (from !== undefined && index < from.index) continue;
    let value = index === from?.index ? from.value : firstOf(base);
    while (value <= lastOf(base)) {
      const subnet: Cidr = { family: base.family, value, prefixLength: size };
      const inTheWay = taken.find((other) => overlap(other, subnet));
      const behind = lastOf(subnet) + 1n;
      if (inTheWay === undefined) return { subnet, next: { index, value: behind } };
      const behindThat = lastOf(inTheWay) + 1n;
      value = behindThat > behind ? behindThat : behind;
    }
  }
  return undefined;
}

/** As Docker Engine has them. */
export const dockerPools: readonly AddressPools[] = [
  { base: "172.17.0.0/16", size: 16 },
  { base: "172.18.0.0/16", size: 16 },
  { base: "172.19.0.0/16", size: 16 },
  { base: "172.20.0.0/14", size: 16 },
  { base: "172.24.0.0/14", size: 16 },
  { base: "172.28.0.0/14", size: 16 },
  { base: "192.168.0.0/16", size: 20 },
].map(addressPools);
