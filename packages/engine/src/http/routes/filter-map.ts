import type { Filters } from "../filters.ts";

/** The values given for each key, for the core's own reading of them. */
export const filterMap = (
  filters: Filters,
  keys: readonly string[],
): ReadonlyMap<string, readonly string[]> =>
  new Map(keys.filter((key) => filters.values(key).length > 0).map((key) => [key, filters.values(key)]));
