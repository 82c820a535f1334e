import {
  type ByteText,
  concatBytes,
  copyBytes,
  fromByteText,
  type PaxRecord,
  TarFormatError,
  toByteText,
} from "./tar-entry.ts";

const space = 0x20;
const newline = 0x0a;
const equals = 0x3d;

/** Reads `<length> <key>=<value>\n` records. */
export function decodePax(bytes: Uint8Array): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < bytes.length && bytes[at] !== 0) {
    const gap = bytes.indexOf(space, at);
    const digits = gap === -1 ? "" : toByteText(bytes.subarray(at, Math.min(gap, at + 12)));
    const end = at + Number(digits);
    const separator = bytes.indexOf(equals, gap + 1);
    const sound =
      /^[0-9]+$/.test(digits) && end <= bytes.length && separator > gap + 1 && separator < end - 1;
    if (!sound || bytes[end - 1] !== newline) throw new TarFormatError("invalid tar header");
    records.push({
      key: toByteText(bytes.subarray(gap + 1, separator)),
      value: copyBytes(bytes.subarray(separator + 1, end - 1)),
    });
    at = end;
  }
  return records;
}

export function encodePax(records: readonly PaxRecord[]): Uint8Array {
  return concatBytes(records.flatMap(encodeRecord));
}

function encodeRecord({ key, value }: PaxRecord): Uint8Array[] {
  const rest = key.length + value.length + 3;
  // The length counts its own digits.
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return [fromByteText(`${length} ${key}=`), value, Uint8Array.of(newline)];
}

/** The last value of a key as text; undefined if there is none or it is unset. */
export function paxText(records: readonly PaxRecord[], key: string): ByteText | undefined {
  const value = records.findLast((record) => record.key === key)?.value;
  return value === undefined || value.length === 0 ? undefined : toByteText(value);
}
