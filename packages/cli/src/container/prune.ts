import { containerPruneResponseSchema } from "@davit/protocol";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { type Prune, printPruned } from "../pruned.ts";
import { confirm } from "../terminal/confirm.ts";

export const prune = defineVerb({
  name: "container prune",
  usage: "[OPTIONS]",
  summary: "Remove all stopped containers",
  args: { min: 0, max: 0 },
  flags: {
    filter: filterFlag('Provide filter values (e.g. "until=<timestamp>")', ""),
    force: toggle("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, _args, { filter, force }) {
    const question = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?";
    if (!force && !(await confirm(context, question))) return;
    printPruned(context, [await pruneContainers(context, filter)]);
  },
});

export const pruneContainers: Prune = async (context, filters) => {
  const { ContainersDeleted, SpaceReclaimed } = await context.client.json(containerPruneResponseSchema, {
    method: "POST",
    path: "/containers/prune",
    query: { filters: filtersQuery(filters) },
    signal: context.signal,
  });
  return { title: "Deleted Containers", removed: ContainersDeleted ?? [], bytes: SpaceReclaimed };
};
