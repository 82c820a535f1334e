import { type ContainerSummary, containerSummarySchema, humanDuration } from "@davit/protocol";
import * as z from "zod";
import { integer, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { humanSize, shortId, truncate } from "../format/human.ts";
import { labelHeader, labelMethod, labelsText } from "../format/labels.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { goTime } from "../format/time.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { listFormatFlag } from "../options/format-flags.ts";
import { portsText } from "./ports-text.ts";

const commandLength = 20;
const mountLength = 15;

export const containerView = (options: {
  readonly noTrunc: boolean;
  readonly size: boolean;
  readonly nowMs: number;
}): ListView<ContainerSummary> => {
  const cut = (text: string, length: number): string => (options.noTrunc ? text : truncate(text, length));
  return {
    table:
      "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}" +
      (options.size ? "\t{{.Size}}" : ""),
    goType: "*formatter.ContainerContext",
    quiet: "{{.ID}}",
    fields: {
      ID: field("CONTAINER ID", ({ Id }) => (options.noTrunc ? Id : shortId(Id))),
      Names: field("NAMES", ({ Names }) => namesText(Names, options.noTrunc)),
      Image: field("IMAGE", ({ Image }) => imageText(Image, options.noTrunc)),
      Command: field("COMMAND", ({ Command }) => JSON.stringify(cut(Command, commandLength))),
      CreatedAt: field("CREATED AT", ({ Created }) => goTime(Created)),
      RunningFor: field("CREATED", ({ Created }) => `${humanDuration(options.nowMs - Created * 1000)} ago`),
      Ports: field("PORTS", ({ Ports }) => portsText(Ports)),
      State: field("STATE", ({ State }) => State),
      Status: field("STATUS", ({ Status }) => Status),
      Size: field("SIZE", ({ SizeRw, SizeRootFs }) => {
        const virtual = (SizeRootFs ?? 0) > 0 ? ` (virtual ${humanSize(SizeRootFs ?? 0)})` : "";
        return humanSize(SizeRw ?? 0) + virtual;
      }),
      Labels: field("LABELS", ({ Labels }) => labelsText(Labels)),
      Label: field(labelHeader, ({ Labels }) => labelMethod(Labels)),
      Mounts: field("MOUNTS", ({ Mounts }) =>
        Mounts.map(({ Name, Source }) => cut(Name || Source, mountLength)).join(","),
      ),
      LocalVolumes: field("LOCAL VOLUMES", ({ Mounts }) =>
        String(Mounts.filter(({ Driver }) => Driver === "local").length),
      ),
      Networks: field("NETWORKS", ({ NetworkSettings }) =>
        Object.keys(NetworkSettings.Networks).sort().join(","),
      ),
    },
  };
};

/** Names with a second slash are links seen from another container. */
function namesText(names: readonly string[], withLinks: boolean): string {
  const bare = names.map((name) => name.replace(/^\//, ""));
  return (withLinks ? bare : bare.filter((name) => !name.includes("/"))).join(",");
}

function imageText(image: string, noTrunc: boolean): string {
  if (image === "") return "<no image>";
  return !noTrunc && /^sha256:[a-f0-9]{64}$/.test(image) ? shortId(image) : image;
}

export const ls = defineVerb({
  name: "ps",
  aliases: ["container ls", "container list", "container ps"],
  usage: "[OPTIONS]",
  summary: "List containers",
  args: { min: 0, max: 0 },
  flags: {
    all: toggle("Show all containers (default shows just running)", { short: "a" }),
    filter: filterFlag("Filter output based on conditions provided"),
    format: listFormatFlag(),
    last: integer("Show n last created containers (includes all states) (default -1)", { short: "n" }),
    latest: toggle("Show the latest created container (includes all states)", { short: "l" }),
    noTrunc: toggle("Don't truncate output"),
    quiet: toggle("Only display container IDs", { short: "q" }),
    size: toggle("Display total file sizes", { short: "s" }),
  },
  async run(context, _args, flags) {
    const chosen = flags.format || (flags.quiet ? "" : ((await context.config()).psFormat ?? ""));
    const last = flags.latest ? 1 : flags.last;
    const size = flags.size || /\{\{[^}]*\.Size\b/.test(chosen);
    const containers = await context.client.json(z.array(containerSummarySchema), {
      method: "GET",
      path: "/containers/json",
      query: {
        all: flags.all || undefined,
        limit: last !== undefined && last > 0 ? last : undefined,
        size: size || undefined,
        filters: filtersQuery(flags.filter),
      },
      signal: context.signal,
    });
    const view = containerView({ noTrunc: flags.noTrunc, size: flags.size, nowMs: Date.now() });
    printList(context, view, containers, { format: chosen, quiet: flags.quiet });
  },
});
