import { EngineError } from "../errors.ts";

const powers = "kmgtp";

/** A number of bytes as the Engine reads it: `10m`, `1.5 GB`; `k` is 1000 or 1024. */
export function parseBytes(text: string, kilo: 1000 | 1024): number {
  const match = /^(\d+(?:\.\d+)*) ?([kmgtp])?i?b?$/i.exec(text);
  const amount = Number(match?.[1]);
  if (match === null || Number.isNaN(amount)) throw new EngineError("invalid", `invalid size: '${text}'`);
  const power = match[2] === undefined ? 0 : powers.indexOf(match[2].toLowerCase()) + 1;
  return Math.floor(amount * kilo ** power);
}

/** As Go's strconv.Atoi. */
export function parseInteger(text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  throw new EngineError("invalid", `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** As Go's strconv.ParseBool. */
export function parseSwitch(text: string): boolean {
  if (/^(1|t|true|T|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|false|F|FALSE|False)$/.test(text)) return false;
  throw new EngineError("invalid", `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}
