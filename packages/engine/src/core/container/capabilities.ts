import { EngineError } from "../errors.ts";
import { allCapabilities, defaultCapabilities } from "../runtime-spec/defaults.ts";
import type { RequestedSecurity } from "./record.ts";

/**
 * The default capabilities with `--cap-add` and `--cap-drop`: any case, with or without `CAP_`, or `ALL`. Adding one
 * wins over dropping all, and dropping one over adding all. `ALL`, and privileged, mean all those that are `possible`.
 */
export function capabilities(
  { capAdd, capDrop, privileged }: Pick<RequestedSecurity, "capAdd" | "capDrop" | "privileged">,
  possible: readonly string[] = allCapabilities,
): readonly string[] {
  const added = new Set(capAdd.map((name) => fullName(name, "CapAdd")));
  const dropped = new Set(capDrop.map((name) => fullName(name, "CapDrop")));
  if (privileged) return possible;
  if (added.has("ALL")) return possible.filter((name) => !dropped.has(name));
  const kept = dropped.has("ALL") ? [] : defaultCapabilities.filter((name) => !dropped.has(name));
  return allCapabilities.filter((name) => added.has(name) || kept.includes(name));
}

function fullName(typed: string, option: string): string {
  const name = typed.toUpperCase();
  if (name === "ALL" || name === "CAP_ALL") return "ALL";
  const full = name.startsWith("CAP_") ? name : `CAP_${name}`;
  if (!allCapabilities.includes(full)) {
    throw new EngineError("invalid", `invalid ${option}: unknown capability: "${full}"`);
  }
  return full;
}
