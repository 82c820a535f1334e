import { readdir } from "node:fs/promises";
import { errnoOf, isCanceled } from "../core/errors.ts";
import type { Layout } from "../core/layout.ts";
import type { Host } from "../core/ports/host.ts";
import type { Logger } from "../core/ports/logger.ts";
import type { Runtime, RuntimeNamespace } from "../core/ports/runtime.ts";
import type { State } from "../core/ports/state.ts";

export interface LeftoverPorts {
  readonly state: State;
  readonly runtime: Runtime;
  readonly host: Host;
  readonly layout: Layout;
  readonly logger: Logger;
}

/**
 * Removes what an engine that was killed left of plugins and containers that no record names: processes, mounts, directories.
 * Runs before anything is restored, so nothing can be taken for a leftover that is only just being made.
 */
export async function clearLeftovers({ state, runtime, host, layout, logger }: LeftoverPorts): Promise<void> {
  const kinds: readonly [RuntimeNamespace, string, (id: string) => boolean][] = [
    ["plugins.moby", layout.plugins, (id) => state.plugins.get(id) !== undefined],
    ["moby", layout.containers, (id) => state.containers.get(id) !== undefined],
  ];
  for (const [namespace, parent, isKnown] of kinds) {
    const ids = new Set([...(await runtime.list(namespace)), ...(await childrenOf(parent))]);
    for (const id of ids) {
      if (isKnown(id)) continue;
      try {
        await runtime.delete(namespace, id);
        await host.unmountBelow(`${parent}/${id}`);
        await host.removeTree(`${parent}/${id}`);
        if (namespace === "plugins.moby") {
          await host.unmountBelow(layout.plugin(id).socketDir);
          await host.removeTree(layout.plugin(id).socketDir);
        }
        logger.info({ id, namespace }, "removed what was left of something that is not on record");
      } catch (error) {
        if (isCanceled(error)) throw error;
        logger.warn({ id, namespace, err: error }, "leftover cannot be removed");
      }
    }
  }
}

async function childrenOf(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}
