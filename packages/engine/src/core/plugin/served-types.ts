import { type PluginConfig, parseInterfaceType } from "@davit/protocol";
import { EngineError } from "../errors.ts";

/** What Docker Engine has, or had, a use for, and this engine has none. */
const notServed: ReadonlyMap<string, string> = new Map([
  ["graphdriver", "graph drivers: its layers lie on overlayfs"],
  ["secretprovider", "secret providers: they serve a swarm, and it is in none"],
  ["csinode", "CSI drivers: they serve a swarm's cluster volumes"],
  ["csicontroller", "CSI drivers: they serve a swarm's cluster volumes"],
]);

/** The types of a plugin that Docker Engine may use and this engine does not. */
export function unservedTypes(config: PluginConfig): readonly string[] {
  return config.Interface.Types.filter((type) => reasonAgainst(type) !== undefined);
}

/** Refuses to run a plugin for nothing: all that it declares is known, and of no use here. Not-implemented. */
export function requireServed(name: string, config: PluginConfig): void {
  const types = config.Interface.Types;
  const reasons = types.flatMap((type) => reasonAgainst(type) ?? []);
  if (types.length === 0 || reasons.length < types.length) return;
  const distinct = [...new Set(reasons)];
  throw new EngineError(
    "not-implemented",
    `plugin ${name} is of type ${types.join(", ")}, and Davit runs no ${distinct.join("; no ")}`,
  );
}

function reasonAgainst(type: string): string | undefined {
  const { prefix, capability } = parseInterfaceType(type);
  return prefix === "docker" ? notServed.get(capability) : undefined;
}

/** Whether it is given the engine's metrics: by the type to the letter, as in Docker Engine. */
export const collectsMetrics = (config: PluginConfig): boolean =>
  config.Interface.Types.includes("docker.metricscollector/1.0");
