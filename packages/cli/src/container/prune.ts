import { containerPruneResponseSchema } from "@davit/protocol";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { humanSize } from "../format/human.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
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
    const { ContainersDeleted, SpaceReclaimed } = await context.client.json(containerPruneResponseSchema, {
      method: "POST",
      path: "/containers/prune",
      query: { filters: filtersQuery(filter) },
      signal: context.signal,
    });
    const ids = ContainersDeleted ?? [];
    if (ids.length > 0) printLine(context.out, `Deleted Containers:\n${ids.join("\n")}\n`);
    printLine(context.out, `Total reclaimed space: ${humanSize(SpaceReclaimed, 4)}`);
  },
});
