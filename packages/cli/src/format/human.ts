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

/** `3 minutes`, as the Engine's clients say it. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const exactHours = seconds / 3600;
  const hours = Math.floor(exactHours + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(exactHours / 24 / 365)} years`;
}

/** Cut to so many characters, the last one an ellipsis. */
export function truncate(text: string, length: number): string {
  const characters = Array.from(text);
  if (characters.length <= length) return text;
  return length <= 1 ? characters.slice(0, length).join("") : `${characters.slice(0, length - 1).join("")}…`;
}

/** An ID's first twelve digits, without its algorithm. */
export const shortId = (id: string): string => id.replace(/^[a-z0-9]+:/, "").slice(0, 12);
