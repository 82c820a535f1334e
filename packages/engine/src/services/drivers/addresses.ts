import { parseAddress, parseCidr } from "../../core/network/cidr.ts";

/** `10.0.0.1`, `fd00::1`: an address alone, without a zone. */
export const isAddress = (text: string): boolean => parseAddress(text) !== undefined;

/** An address with its prefix length, as `10.0.0.1/24`; of either family unless one is named. */
export function isCidr(text: string, family?: 4 | 6): boolean {
  const parsed = parseCidr(text);
  return parsed !== undefined && (family === undefined || parsed.family === family);
}

/** A hardware address of six bytes in the form with colons, from that with colons, hyphens or dots; undefined for anything else. */
export function canonicalMac(text: string): string | undefined {
  const plain = /^(?:[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}|[\da-f]{4}\.[\da-f]{4}\.[\da-f]{4})$/i;
  if (!plain.test(text)) return undefined;
  return text
    .toLowerCase()
    .replaceAll(/[^\da-f]/g, "")
    .replaceAll(/(..)(?!$)/g, "$1:");
}
