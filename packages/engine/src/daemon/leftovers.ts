import { readdir } from "node:fs/promises";
import { errnoOf, isCanceled } from "../core/errors.ts";
import { isFullId } from "../core/identifiers.ts";
import type { Layout } from "../core/layout.ts";
import type { FormerPlugins } from "../core/ports/former-plugins.ts";
import type { Host } from "../core/ports/host.ts";
import type { Logger } from "../core/ports/logger.ts";
import type { Runtime, RuntimeNamespace } from "../core/ports/runtime.ts";
import type { State } from "../core/ports/state.ts";

export interface LeftoverPorts {
  readonly state: State;
  readonly runtime: Runtime;
  readonly host: Host;
  readonly formerPlugins: FormerPlugins;
  readonly layout: Layout;
  readonly logger: Logger;
}

/** Docker Engine's record of a container: its directory may lie here if the data root was its own. */
const dockerContainerFile = "config.v2.json";

/**
 * Removes what an engine that was killed left of plugins and containers that no record names: processes, mounts, directories.
 * Runs before anything is restored, so nothing can be taken for a leftover that is only just being made. What others put
 * there stays: files, directories of other names than IDs, plugins made by hand, a Docker Engine's containers.
 */
export async function clearLeftovers(ports: LeftoverPorts): Promise<void> {
  const { state, runtime, host, formerPlugins, layout, logger } = ports;
  const kinds: readonly [RuntimeNamespace, string, Kind][] = [
    [
      "plugins.moby",
      layout.plugins,
      {
        isKnown: (id) => state.plugins.get(id) !== undefined,
        isOthers: (id) => formerPlugins.isOccupied(id),
      },
    ],
    [
      "moby",
      layout.containers,
      {
        isKnown: (id) => state.containers.get(id) !== undefined,
        isOthers: (id) => host.pathExists(`${layout.containers}/${id}/${dockerContainerFile}`),
      },
    ],
  ];
  for (const [namespace, parent, { isKnown, isOthers }] of kinds) {
    const ours = (await childrenOf(parent)).filter(isFullId);
    const ids = new Set([...(await runtime.list(namespace)), ...ours]);
    for (const id of ids) {
      if (isKnown(id)) continue;
      try {
        await runtime.delete(namespace, id);
        await host.unmountBelow(`${parent}/${id}`);
        if (namespace === "plugins.moby") {
          await host.unmountBelow(layout.plugin(id).socketDir);
          await host.removeTree(layout.plugin(id).socketDir);
        }
        if (await isOthers(id)) continue;
        await host.removeTree(`${parent}/${id}`);
        logger.info({ id, namespace }, "removed what was left of something that is not on record");
      } catch (error) {
        if (isCanceled(error)) throw error;
        logger.warn({ id, namespace, err: error }, "leftover cannot be removed");
      }
    }
  }
}

interface Kind {
  readonly isKnown: (id: string) => boolean;
  /** Asked when nothing is mounted there any more. */
  readonly isOthers: (id: string) => Promise<boolean>;
}

async function childrenOf(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}
