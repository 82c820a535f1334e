import { EngineError } from "../errors.ts";
import { isFullId } from "../identifiers.ts";
import type { NetworkRecord } from "./record.ts";

type Named = Pick<NetworkRecord, "id" | "name">;

/** Finds a network by full ID, then name, then prefix of its ID; undefined if there is none. */
export function findNetwork<Found extends Named>(typed: string, all: readonly Found[]): Found | undefined {
  const exact = all.find(({ id }) => id === typed) ?? all.find(({ name }) => name === typed);
  if (exact !== undefined || typed === "" || isFullId(typed)) return exact;
  const matches = all.filter(({ id }) => id.startsWith(typed));
  if (matches.length > 1) {
    throw new EngineError(
      "invalid",
      `network ${typed} is ambiguous (${matches.length} matches found based on ID prefix)`,
    );
  }
  return matches[0];
}

export const noSuchNetwork = (typed: string): EngineError =>
  new EngineError("not-found", `network ${typed} not found`);

export function requireNetwork<Found extends Named>(typed: string, all: readonly Found[]): Found {
  if (typed === "") throw new EngineError("invalid", 'invalid name or ID supplied: ""');
  const found = findNetwork(typed, all);
  if (found === undefined) throw noSuchNetwork(typed);
  return found;
}
