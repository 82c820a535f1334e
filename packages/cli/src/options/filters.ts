import { listOf } from "../command-line/flag.ts";

export type Filter = readonly [name: string, value: string];

/** `--filter name=value`; names are lower-cased, spaces around are dropped. */
export const filterFlag = (help: string, short = "f") =>
  listOf(help, parseFilter, { type: "filter", ...(short === "" ? {} : { short }) });

export function parseFilter(text: string): Filter {
  const equals = text.indexOf("=");
  if (equals === -1) throw new Error("bad format of filter (expected name=value)");
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}

/** The `filters` query: `{"name":{"value":true}}`; undefined if there are none. */
export function filtersQuery(filters: readonly Filter[]): string | undefined {
  if (filters.length === 0) return undefined;
  const result: Record<string, Record<string, true>> = {};
  for (const [name, value] of filters) result[name] = { ...result[name], [value]: true };
  return JSON.stringify(result);
}
