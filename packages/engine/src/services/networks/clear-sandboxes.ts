import type { Logger } from "../../core/ports/logger.ts";
import type { Sandboxes } from "../../core/ports/sandboxes.ts";
import type { State } from "../../core/ports/state.ts";

/** Removes the sandboxes of containers and plugins that no record names, with all that is in them; before any are made. */
export async function clearSandboxes({
  state,
  sandboxes,
  logger,
}: {
  readonly state: Pick<State, "containers" | "plugins">;
  readonly sandboxes: Sandboxes;
  readonly logger: Logger;
}): Promise<void> {
  for (const id of await sandboxes.list()) {
    if (state.containers.get(id) !== undefined || state.plugins.get(id) !== undefined) continue;
    try {
      await sandboxes.remove(id);
      logger.info({ id }, "removed the sandbox of something that is not on record");
    } catch (error) {
      logger.warn({ id, err: error }, "a sandbox that is left over cannot be removed");
    }
  }
}
