import { join } from "node:path";
import { EngineError } from "../../core/errors.ts";

/** Where definitions lie. */
export interface PluginPlaces {
  readonly socketDir: string;
  /** In the order in which they are searched. */
  readonly specDirs: readonly string[];
}

export interface Place {
  readonly path: string;
  readonly kind: "socket" | "spec" | "json";
}

/** Every file that may define a plugin of that name, best first. */
export function placesOf(name: string, { socketDir, specDirs }: PluginPlaces): readonly Place[] {
  requireFileName(name);
  const files = (dir: string, kind: Place["kind"], ending: string): readonly Place[] =>
    [join(dir, name), join(dir, name, name)].map((path) => ({ path: `${path}.${ending}`, kind }));
  return [
    // A directory named by an ID is a managed plugin's own: what it makes there is nobody else's.
    ...(isManaged(name.split("/")[0] ?? "") ? [] : files(socketDir, "socket", "sock")),
    ...specDirs.flatMap((dir) => [...files(dir, "spec", "spec"), ...files(dir, "json", "json")]),
  ];
}

export const isManaged = (entry: string): boolean => /^[0-9a-f]{64}$/.test(entry);

/** A name may have slashes, and nothing that leads out of the directories. */
function requireFileName(name: string): void {
  if (name === "") throw new EngineError("invalid", "unable to find plugin without name");
  const isWrong = (part: string): boolean => part === "" || part === "." || part === "..";
  if (name.includes("\0") || name.split("/").some(isWrong)) {
    throw new EngineError("invalid", `plugin ${JSON.stringify(name)}: not a name of a plugin`);
  }
}
