import { imagePruneResponseSchema } from "@davit/protocol";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { type Prune, printPruned } from "../pruned.ts";
import { confirm } from "../terminal/confirm.ts";

export const prune = defineVerb({
  name: "image prune",
  usage: "[OPTIONS]",
  summary: "Remove unused images",
  args: { min: 0, max: 0 },
  flags: {
    all: toggle("Remove all unused images, not just dangling ones", { short: "a" }),
    filter: filterFlag('Provide filter values (e.g. "until=<timestamp>")', ""),
    force: toggle("Do not prompt for confirmation", { short: "f" }),
  },
  async run(context, _args, { all, filter, force }) {
    const which = all
      ? "all images without at least one container associated to them"
      : "all dangling images";
    const question = `WARNING! This will remove ${which}.\nAre you sure you want to continue?`;
    if (!force && !(await confirm(context, question))) return;
    printPruned(context, [await pruneImages(context, [...filter, ["dangling", String(!all)]])]);
  },
});

export const pruneImages: Prune = async (context, filters) => {
  const { ImagesDeleted, SpaceReclaimed } = await context.client.json(imagePruneResponseSchema, {
    method: "POST",
    path: "/images/prune",
    query: { filters: filtersQuery(filters) },
    signal: context.signal,
  });
  const steps = (ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
    Deleted === undefined ? `untagged: ${Untagged ?? ""}` : `deleted: ${Deleted}`,
  );
  return { title: "Deleted Images", removed: steps, bytes: SpaceReclaimed };
};
