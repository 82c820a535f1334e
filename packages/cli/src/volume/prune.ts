import * as z from "zod";
import { compareApiVersions } from "../client/api-version.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { Failure } from "../failure.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { type Prune, printPruned } from "../pruned.ts";
import { confirm } from "../terminal/confirm.ts";

const prunedSchema = z.object({ VolumesDeleted: z.array(z.string()).nullish(), SpaceReclaimed: z.number() });

/** The first API version in which pruning spares named volumes. */
const sparingVersion = "1.42";

export const prune = defineVerb({
  name: "volume prune",
  usage: "[OPTIONS]",
  summary: "Remove unused local volumes",
  args: { min: 0, max: 0 },
  flags: {
    all: toggle("Remove all unused volumes, not just anonymous ones", { short: "a" }),
    filter: filterFlag('Provide filter values (e.g. "label=<label>")', ""),
    force: toggle("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, _args, { all, filter, force }) {
    const { client, signal } = context;
    const version = await client.apiVersion(signal);
    const spares = compareApiVersions(version, sparingVersion) >= 0;
    if (all && !spares) {
      throw new Failure(
        `"--all" requires API version ${sparingVersion}, but the daemon API version is ${version}`,
      );
    }
    const given = filter.find(([name]) => name === "all");
    if (all && given !== undefined) {
      throw new Failure(`conflicting options: cannot specify both --all and --filter all=${given[1]}`);
    }
    const which = all || !spares ? "all" : "anonymous";
    const warning = `WARNING! This will remove ${which} local volumes not used by at least one container.`;
    if (!force && !(await confirm(context, `${warning}\nAre you sure you want to continue?`))) {
      return;
    }
    printPruned(context, [await pruneVolumes(context, all ? [...filter, ["all", "true"]] : filter)]);
  },
});

export const pruneVolumes: Prune = async (context, filters) => {
  const { VolumesDeleted, SpaceReclaimed } = await context.client.json(prunedSchema, {
    method: "POST",
    path: "/volumes/prune",
    query: { filters: filtersQuery(filters) },
    signal: context.signal,
  });
  return { title: "Deleted Volumes", removed: VolumesDeleted ?? [], bytes: SpaceReclaimed };
};
