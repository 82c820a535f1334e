import { isIP, isIPv4, isIPv6 } from "node:net";

/** `10.0.0.1`, `fd00::1`: an address alone, without a zone. */
export const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes("%");

/** An address with its prefix length, as `10.0.0.1/24`; of either family unless one is named. */
export function isCidr(text: string, family?: 4 | 6): boolean {
  const [address = "", length = "", ...more] = text.split("/");
  if (more.length > 0 || !/^\d{1,3}$/.test(length) || !isAddress(address)) return false;
  if (isIPv4(address)) return family !== 6 && Number(length) <= 32;
  return family !== 4 && isIPv6(address) && Number(length) <= 128;
}

/** The address of one in CIDR notation; any other stays as it is. */
export const withoutPrefixLength = (address: string): string => address.split("/")[0] ?? address;

/** A hardware address of six bytes in the form with colons, from that with colons, hyphens or dots; undefined for anything else. */
export function canonicalMac(text: string): string | undefined {
  const plain = /^(?:[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}|[\da-f]{4}\.[\da-f]{4}\.[\da-f]{4})$/i;
  if (!plain.test(text)) return undefined;
  return text
    .toLowerCase()
    .replaceAll(/[^\da-f]/g, "")
    .replaceAll(/(..)(?!$)/g, "$1:");
}
