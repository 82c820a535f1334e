const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

const scale = (size: number, base: number, names: readonly string[], digits: number): string => {
  let value = size;
  let unit = 0;
  while (value >= base && unit < names.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${Number(value.toPrecision(digits))}${names[unit] ?? ""}`;
};

/** `1.98MB`: powers of 1000, so many significant digits. */
export const humanSize = (bytes: number, digits = 3): string => scale(bytes, 1000, units, digits);

/** `23.54GiB`. */
export const humanBinarySize = (bytes: number): string => scale(bytes, 1024, binaryUnits, 4);

/** Cut to so many characters, the last one an ellipsis. */
export function truncate(text: string, length: number): string {
  const characters = Array.from(text);
  if (characters.length <= length) return text;
  return length <= 1 ? characters.slice(0, length).join("") : `${characters.slice(0, length - 1).join("")}…`;
}

/** An ID's first twelve digits, without its algorithm. */
export const shortId = (id: string): string => id.replace(/^[a-z0-9]+:/, "").slice(0, 12);
