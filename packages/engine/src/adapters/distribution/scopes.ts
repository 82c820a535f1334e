import type { RegistryAccess } from "../../core/ports/registry.ts";

// https://distribution.github.io/distribution/spec/auth/scope/

/** What to ask a token server for: the common class first, and the plugin's own where it is one. */
export function scopesFor(path: string, access: Pick<RegistryAccess, "actions" | "resource">): string[] {
  const actions = access.actions === "push" ? "pull,push" : "pull";
  const classes = access.resource === "plugin" ? ["repository", "repository(plugin)"] : ["repository"];
  return classes.map((name) => `${name}:${path}:${actions}`);
}

/** The scopes that a challenge names (space separated) together with ours: each once, sorted. */
export function mergeScopes(challenged: string | undefined, wanted: readonly string[]): string[] {
  const named = (challenged ?? "").split(" ").filter((scope) => scope !== "");
  return [...new Set([...named, ...wanted])].sort();
}
