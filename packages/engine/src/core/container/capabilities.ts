import { EngineError } from "../errors.ts";
import { allCapabilities, defaultCapabilities } from "../runtime-spec/defaults.ts";

/**
 * The default capabilities with `--cap-add` and `--cap-drop`: any case, with or without `CAP_`, or `ALL`. Adding one
 * wins over dropping all, and dropping one over adding all.
 */
export function capabilities(request: {
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
}): readonly string[] {
  const added = new Set(request.capAdd.map(fullName));
  const dropped = new Set(request.capDrop.map(fullName));
  if (added.has("ALL")) return allCapabilities.filter((name) => !dropped.has(name));
  const kept = dropped.has("ALL") ? [] : defaultCapabilities.filter((name) => !dropped.has(name));
  return allCapabilities.filter((name) => added.has(name) || kept.includes(name));
}

function fullName(typed: string): string {
  const name = typed.toUpperCase();
  if (name === "ALL" || name === "CAP_ALL") return "ALL";
  const full = name.startsWith("CAP_") ? name : `CAP_${name}`;
  if (!allCapabilities.includes(full)) throw new EngineError("invalid", `invalid capability: "${typed}"`);
  return full;
}
