import { networkPruneResponseSchema } from "@davit/protocol";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import type { Prune } from "../pruned.ts";
import { confirm } from "../terminal/confirm.ts";

export const prune = defineVerb({
  name: "network prune",
  usage: "[OPTIONS]",
  summary: "Remove all unused networks",
  args: { min: 0, max: 0 },
  flags: {
    filter: filterFlag('Provide filter values (e.g. "until=<timestamp>")', ""),
    force: toggle("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, _args, { filter, force }) {
    const warning = "WARNING! This will remove all custom networks not used by at least one container.";
    if (!force && !(await confirm(context, `${warning}\nAre you sure you want to continue?`))) return;
    const { title, removed } = await pruneNetworks(context, filter);
    if (removed.length > 0) printLine(context.out, `${title}:\n${removed.join("\n")}\n`);
  },
});

export const pruneNetworks: Prune = async (context, filters) => {
  const { NetworksDeleted } = await context.client.json(networkPruneResponseSchema, {
    method: "POST",
    path: "/networks/prune",
    query: { filters: filtersQuery(filters) },
    signal: context.signal,
  });
  return { title: "Deleted Networks", removed: NetworksDeleted ?? [], bytes: 0 };
};
