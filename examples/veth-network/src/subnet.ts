import { isIPv4, isIPv6 } from "node:net";

/** A range of addresses as numbers; addresses of both families fit. */
export interface Subnet {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefixLength: number;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** `10.0.0.0/24`; bits behind the prefix are taken for zero. */
export function parseSubnet(text: string): Subnet {
  const [address = "", length = "", ...more] = text.split("/");
  const family = isIPv4(address) ? 4 : 6;
  const prefixLength = Number(length);
  if (more.length > 0 || !/^\d+$/.test(length) || prefixLength > bitsOf(family))
    throw new Error(`"${text}" is no subnet`);
  const size = 1n << BigInt(bitsOf(family) - prefixLength);
  const first = (parseAddress(address) / size) * size;
  return { family, first, last: first + size - 1n, prefixLength };
}

export function parseAddress(text: string): bigint {
  if (isIPv4(text)) return text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  if (!isIPv6(text) || text.includes("%") || text.includes(".")) throw new Error(`"${text}" is no address`);
  const [left = "", right] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

export function formatAddress(address: bigint, family: 4 | 6): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => (address >> BigInt(112 - 16 * index)) & 65_535n);
  // URLs have addresses in their canonical form.
  return new URL(`http://[${groups.map((group) => group.toString(16)).join(":")}]`).hostname.slice(1, -1);
}

export const formatSubnet = ({ first, family, prefixLength }: Subnet): string =>
  `${formatAddress(first, family)}/${String(prefixLength)}`;

export const overlap = (one: Subnet, other: Subnet): boolean =>
  one.family === other.family && one.first <= other.last && other.first <= one.last;

export const contains = (outer: Subnet, inner: Subnet): boolean =>
  outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;

/** What containers may have: of IPv4 neither the network's own address nor that for all of it. */
export function usableRange({ family, first, last }: Subnet): { readonly from: bigint; readonly to: bigint } {
  if (last - first < 2n) return { from: first, to: last };
  return family === 4 ? { from: first + 1n, to: last - 1n } : { from: first + 1n, to: last };
}

/** The subnets of a length in another, the lowest first. */
export function* subnetsOf(outer: Subnet, prefixLength: number): Generator<Subnet> {
  const size = 1n << BigInt(bitsOf(outer.family) - prefixLength);
  for (let first = outer.first; first + size - 1n <= outer.last; first += size) {
    yield { family: outer.family, first, last: first + size - 1n, prefixLength };
  }
}
