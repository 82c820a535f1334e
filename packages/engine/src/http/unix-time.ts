import { EngineError } from "../core/errors.ts";

/** Seconds since 1970 with up to nine digits of fraction, as clients send times; undefined if empty. */
export function parseUnixTime(text: string): number | undefined {
  if (text === "") return undefined;
  if (!/^-?\d{1,15}(\.\d{1,9})?$/.test(text)) {
    throw new EngineError("invalid", `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Number(text);
}
