import { EngineError } from "../errors.ts";
import { allCapabilities, defaultCapabilities } from "./defaults.ts";

interface CapabilityChoice {
  readonly privileged: boolean;
  /** As typed: any case, with or without `CAP_`, or `ALL`. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
}

/** The capabilities that a container has, by the Docker Engine's rules. Kind invalid for a name that is none. */
export function containerCapabilities({ privileged, capAdd, capDrop }: CapabilityChoice): readonly string[] {
  const added = capAdd.map((name) => canonicalCapability(name, "CapAdd"));
  const dropped = new Set(capDrop.map((name) => canonicalCapability(name, "CapDrop")));
  if (privileged) return allCapabilities;
  if (added.includes("ALL")) return allCapabilities.filter((name) => !dropped.has(name));
  if (dropped.has("ALL")) return [...new Set(added)];
  return [...new Set([...defaultCapabilities.filter((name) => !dropped.has(name)), ...added])];
}

function canonicalCapability(text: string, option: string): string {
  const upper = text.trim().toUpperCase();
  if (upper === "ALL") return upper;
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (allCapabilities.includes(name)) return name;
  throw new EngineError("invalid", `invalid ${option}: unknown capability: "${name}"`);
}
