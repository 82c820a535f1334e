import { imagePruneResponseSchema } from "@davit/protocol";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { humanSize } from "../format/human.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
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
    const { ImagesDeleted, SpaceReclaimed } = await context.client.json(imagePruneResponseSchema, {
      method: "POST",
      path: "/images/prune",
      query: { filters: filtersQuery([...filter, ["dangling", String(!all)]]) },
      signal: context.signal,
    });
    const steps = (ImagesDeleted ?? []).map(({ Untagged, Deleted }) =>
      Deleted === undefined ? `untagged: ${Untagged ?? ""}` : `deleted: ${Deleted}`,
    );
    if (steps.length > 0) printLine(context.out, `Deleted Images:\n${steps.join("\n")}\n`);
    printLine(context.out, `Total reclaimed space: ${humanSize(SpaceReclaimed, 4)}`);
  },
});
