import type { ContainerPruneResponse } from "@davit/protocol";
import { type Filters, hasLabel } from "../../core/container/filters.ts";
import type { ContainerRecord } from "../../core/container/record.ts";
import { countsAsRunning } from "../../core/container/transitions.ts";
import { EngineError } from "../../core/errors.ts";
import { parsePruneTime } from "../../core/image/prune-time.ts";
import type { ContainerLifecycle } from "./container-lifecycle.ts";
import type { ContainerPorts } from "./container-ports.ts";

/** Removes every container that does not run and that the filters `until`, `label` and `label!` let through. */
export async function pruneContainers(
  { state, snapshots, events }: ContainerPorts,
  lifecycle: ContainerLifecycle,
  filters: Filters,
): Promise<ContainerPruneResponse> {
  const isChosen = chooser(filters);
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const record of state.containers.list()) {
    if (countsAsRunning(record) || !isChosen(record)) continue;
    const size = await snapshots.usage(record.id);
    try {
      await lifecycle.remove(record.id, { force: false, removeAnonymous: false });
    } catch (error) {
      // It was started or removed meanwhile, or cannot be removed whole, which is logged where it happens.
      if (error instanceof EngineError) continue;
      throw error;
    }
    deleted.push(record.id);
    reclaimed += size;
  }
  events.publish({
    type: "container",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(reclaimed) },
  });
  return { ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

function chooser(filters: Filters): (record: ContainerRecord) => boolean {
  const untils = filters.get("until") ?? [];
  if (untils.length > 1) throw new EngineError("invalid", "more than one until filter specified");
  const until = untils[0] === undefined ? undefined : parsePruneTime(untils[0], Date.now());
  const wanted = filters.get("label") ?? [];
  const unwanted = filters.get("label!") ?? [];
  return ({ createdAt, config: { labels } }) =>
    (until === undefined || Date.parse(createdAt) < until) &&
    wanted.every((label) => hasLabel(labels, label)) &&
    !unwanted.some((label) => hasLabel(labels, label));
}
