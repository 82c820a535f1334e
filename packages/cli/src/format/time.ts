const two = (n: number): string => String(Math.abs(n)).padStart(2, "0");

function offsetOf(date: Date): { sign: string; hours: string; minutes: string; isUtc: boolean } {
  const offset = -date.getTimezoneOffset();
  return {
    sign: offset < 0 ? "-" : "+",
    hours: two(Math.trunc(offset / 60)),
    minutes: two(offset % 60),
    isUtc: offset === 0,
  };
}

const dayOf = (date: Date): string =>
  `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clockOf = (date: Date): string =>
  `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
}

/** `2026-11-20 12:54:38 +0000 UTC`, in local time. */
export function goTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const { sign, hours, minutes, isUtc } = offsetOf(date);
  return `${dayOf(date)} ${clockOf(date)} ${sign}${hours}${minutes} ${isUtc ? "UTC" : zoneName(date)}`;
}

/** `2026-11-20T12:54:38.866712163Z` with all nine digits, in local time. */
export function rfc3339Nano(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  const { sign, hours, minutes, isUtc } = offsetOf(date);
  return `${dayOf(date)}T${clockOf(date)}.${fraction}${isUtc ? "Z" : `${sign}${hours}:${minutes}`}`;
}

/** `2026-11-20T12:54:38Z`, in local time. */
export function rfc3339(seconds: number): string {
  const date = new Date(seconds * 1000);
  const { sign, hours, minutes, isUtc } = offsetOf(date);
  return `${dayOf(date)}T${clockOf(date)}${isUtc ? "Z" : `${sign}${hours}:${minutes}`}`;
}

/** `Fri May 30 12:07:14 2025`, from RFC 3339; anything else stays as it is. */
export function ansiTime(text: string): string {
  const date = new Date(text);
  if (!/^\d{4}-/.test(text) || Number.isNaN(date.getTime())) return text;
  const [weekday = "", month = "", day = "", year = ""] = date.toDateString().split(" ");
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${clockOf(date)} ${year}`;
}
