import { EngineError } from "../errors.ts";

export interface CapabilityRequest {
  /** Any case, with or without `CAP_`, or `ALL`. */
  readonly add: readonly string[];
  readonly drop: readonly string[];
  /** What containers get otherwise. */
  readonly defaults: readonly string[];
  /** Every one that there is. */
  readonly all: readonly string[];
}

/** Default capabilities with `--cap-add` and `--cap-drop`; adding wins unless all are added. */
export function capabilities({ add, drop, defaults, all }: CapabilityRequest): readonly string[] {
  const added = new Set(add.map((name) => known(name, all)));
  const dropped = new Set(drop.map((name) => known(name, all)));
  if (added.has("ALL")) return all.filter((name) => !dropped.has(name));
  const kept = dropped.has("ALL") ? [] : defaults.filter((name) => !dropped.has(name));
  return all.filter((name) => added.has(name) || kept.includes(name));
}

function known(typed: string, all: readonly string[]): string {
  const name = typed.toUpperCase();
  if (name === "ALL" || name === "CAP_ALL") return "ALL";
  const full = name.startsWith("CAP_") ? name : `CAP_${name}`;
  if (!all.includes(full)) throw new EngineError("invalid", `invalid capability: "${typed}"`);
  return full;
}
