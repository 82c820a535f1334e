export type IpFamily = 4 | 6;

/** An address as a number. */
export interface Address {
  readonly family: IpFamily;
  readonly value: bigint;
}

/** An address and how many of its bits name the network: `10.1.0.5/16`. */
export interface Cidr extends Address {
  readonly prefixLength: number;
}

export const bitsOf = (family: IpFamily): number => (family === 4 ? 32 : 128);

/** Undefined for what is no address. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split(".");
  // With a zero in front it would be octal to some, `ip` among them, and decimal to others.
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return { family: 4, value: parts.reduce((value, part) => value * 256n + BigInt(part), 0n) };
}

function parseIpv6(text: string): Address | undefined {
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (tail !== null) {
    const low = parseIpv4(tail[2] ?? "");
    if (low === undefined) return undefined;
    return parseIpv6(`${tail[1]}${(low.value >> 16n).toString(16)}:${(low.value & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], rest = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...rest];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return { family: 6, value: groups.reduce((value, group) => value * 0x1_0000n + BigInt(`0x${group}`), 0n) };
}

/** Undefined for what is no address with a prefix length. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", length = "", ...more] = text.split("/");
  const parsed = parseAddress(address);
  if (parsed === undefined || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefixLength = Number(length);
  return prefixLength > bitsOf(parsed.family) ? undefined : { ...parsed, prefixLength };
}

export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((value >> BigInt(112 - 16 * at)) & 0xffffn).toString(16),
  );
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return groups.join(":");
  return `${groups.slice(0, zeros.start).join(":")}::${groups.slice(zeros.start + zeros.length).join(":")}`;
}

/** The first of the longest runs, which is what `::` stands for. */
function longestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [at, group] of groups.entries()) {
    length = group === "0" ? length + 1 : 0;
    if (length > best.length) best = { start: at - length + 1, length };
  }
  return best;
}

export const formatCidr = (cidr: Cidr): string => `${formatAddress(cidr)}/${cidr.prefixLength}`;

const sizeOf = ({ family, prefixLength }: Cidr): bigint => 1n << BigInt(bitsOf(family) - prefixLength);

/** The network that an address with its prefix length is in: `10.1.0.5/16` is in `10.1.0.0/16`. */
export const networkOf = (cidr: Cidr): Cidr => ({ ...cidr, value: firstOf(cidr) });

export const firstOf = (cidr: Cidr): bigint => cidr.value - (cidr.value % sizeOf(cidr));

export const lastOf = (cidr: Cidr): bigint => firstOf(cidr) + sizeOf(cidr) - 1n;

export const contains = (network: Cidr, { family, value }: Address): boolean =>
  family === network.family && value >= firstOf(network) && value <= lastOf(network);

export const overlap = (one: Cidr, other: Cidr): boolean =>
  one.family === other.family && firstOf(one) <= lastOf(other) && firstOf(other) <= lastOf(one);

export const familyOf = (address: string): IpFamily => (address.includes(":") ? 6 : 4);

/** The one form of an address that we write. */
export function canonicalAddress(text: string): string | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
}

/** Without the prefix length. */
export const addressOnly = (cidr: string): string => cidr.split("/", 1)[0] ?? "";

/** `0` where there is none. */
export const prefixLengthOf = (cidr: string): number => Number(cidr.split("/")[1] ?? 0);
