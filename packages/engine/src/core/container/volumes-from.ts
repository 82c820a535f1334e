import { EngineError } from "../errors.ts";
import type { ContainerMount, ContainerRecord } from "./record.ts";

/** The mounts of another container that `--volumes-from container[:mode]` takes over. */
export function inheritedMounts(
  text: string,
  find: (typed: string) => ContainerRecord,
): readonly ContainerMount[] {
  const at = text.indexOf(":");
  const typed = at === -1 ? text : text.slice(0, at);
  const mode = at === -1 ? "" : text.slice(at + 1);
  if (typed === "") throw new EngineError("invalid", `malformed volumes-from specification: ${text}`);
  const words = mode === "" ? [] : mode.split(",");
  if (words.some((word) => !["ro", "rw", "z", "Z", "nocopy"].includes(word))) {
    throw new EngineError("invalid", `invalid mode: ${mode}`);
  }
  return find(typed).mounts.map((mount) => ({
    ...mount,
    readOnly: mount.readOnly || words.includes("ro"),
    noCopy: true,
  }));
}
