import type { Progress } from "@davit/protocol";
import { humanSize } from "../format/human.ts";

const barWidth = 50;
/** Narrower terminals show the numbers without a bar. */
const widthForBar = 110;

/** `[=====>   ]  1.5MB/3MB`, or nothing if there is no amount to show. */
export function progressBar(detail: Progress["progressDetail"], columns: number): string {
  const current = detail?.current ?? 0;
  const total = detail?.total ?? 0;
  if (current <= 0 && total <= 0) return "";
  const done = humanSize(current, 4);
  if (total <= 0) return done.padStart(8);
  const filled = Math.min(Math.trunc(Math.trunc((current / total) * 100) / 2), barWidth);
  const bar = columns > widthForBar ? `[${"=".repeat(filled)}>${" ".repeat(barWidth - filled)}] ` : "";
  return `${bar}${done.padStart(8)}${current > total ? "" : `/${humanSize(total, 4)}`}`;
}

/** `id: status`, with the bar if there is one. */
export function progressLine(message: Progress, columns: number): string {
  const prefix = message.id === undefined || message.id === "" ? "" : `${message.id}: `;
  const bar = progressBar(message.progressDetail, columns) || (message.progress ?? "");
  return `${prefix}${message.status ?? ""}${bar === "" ? "" : ` ${bar}`}`;
}
