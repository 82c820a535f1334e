import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { pruneContainers } from "../container/prune.ts";
import { Failure } from "../failure.ts";
import { pruneImages } from "../image/prune.ts";
import { pruneNetworks } from "../network/prune.ts";
import { filterFlag } from "../options/filters.ts";
import { type Pruned, printPruned } from "../pruned.ts";
import { confirm } from "../terminal/confirm.ts";
import { pruneVolumes } from "../volume/prune.ts";

export const prune = defineVerb({
  name: "system prune",
  usage: "[OPTIONS]",
  summary: "Remove unused data",
  args: { min: 0, max: 0 },
  flags: {
    all: toggle("Remove all unused images not just dangling ones", { short: "a" }),
    filter: filterFlag('Provide filter values (e.g. "label=<key>=<value>")', ""),
    force: toggle("Do not prompt for confirmation", { short: "f" }),
    volumes: toggle("Prune anonymous volumes"),
  },
  async run(context, _args, { all, filter, force, volumes }) {
    if (volumes && filter.some(([name]) => name === "until")) {
      throw new Failure('ERROR: The "until" filter is not supported with "--volumes"');
    }
    const warnings = [
      "all stopped containers",
      "all networks not used by at least one container",
      ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
      all ? "all images without at least one container associated to them" : "all dangling images",
    ];
    const filters = filter.map(([name, value]) => `${name}=${value}`).sort();
    const items =
      filters.length === 0 ? "" : `\n  Items to be pruned will be filtered with:\n${rows(filters)}`;
    const question = `WARNING! This will remove:\n${rows(warnings)}${items}\nAre you sure you want to continue?`;
    if (!force && !(await confirm(context, question))) return;
    const pruned: Pruned[] = [];
    // Containers first: they use all the others.
    for (const step of [pruneContainers, pruneNetworks, ...(volumes ? [pruneVolumes] : [])]) {
      pruned.push(await step(context, filter));
    }
    pruned.push(await pruneImages(context, [...filter, ["dangling", String(!all)]]));
    printPruned(context, pruned);
  },
});

const rows = (items: readonly string[]): string => items.map((item) => `  - ${item}\n`).join("");
