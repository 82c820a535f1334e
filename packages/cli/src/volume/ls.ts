import { type Volume, volumeListSchema } from "@davit/protocol";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { labelHeader, labelMethod, labelsText } from "../format/labels.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { naturally } from "../format/natural-order.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { listFormatFlag } from "../options/format-flags.ts";

const notAvailable = () => "N/A";

export const volumeView: ListView<Volume> = {
  table: "{{.Driver}}\t{{.Name}}",
  goType: "*formatter.volumeContext",
  quiet: "{{.Name}}",
  fields: {
    Name: field("VOLUME NAME", ({ Name }) => Name),
    Driver: field("DRIVER", ({ Driver }) => Driver),
    Scope: field("SCOPE", ({ Scope }) => Scope),
    Mountpoint: field("MOUNTPOINT", ({ Mountpoint }) => Mountpoint),
    Labels: field("LABELS", ({ Labels }) => labelsText(Labels)),
    Label: field(labelHeader, ({ Labels }) => labelMethod(Labels)),
    Links: field("LINKS", notAvailable),
    Size: field("SIZE", notAvailable),
    Availability: field("AVAILABILITY", notAvailable),
    Group: field("GROUP", notAvailable),
    Status: field("STATUS", notAvailable),
  },
};

export const ls = defineVerb({
  name: "volume ls",
  aliases: ["volume list"],
  usage: "[OPTIONS]",
  summary: "List volumes",
  args: { min: 0, max: 0 },
  flags: {
    filter: filterFlag('Provide filter values (e.g. "dangling=true")'),
    format: listFormatFlag(),
    quiet: toggle("Only display volume names", { short: "q" }),
  },
  async run(context, _args, { filter, format, quiet }) {
    const { Volumes, Warnings } = await context.client.json(volumeListSchema, {
      method: "GET",
      path: "/volumes",
      query: { filters: filtersQuery(filter) },
      signal: context.signal,
    });
    const volumes = Volumes.toSorted((a, b) => naturally(a.Name, b.Name));
    const chosen = format || (quiet ? "" : ((await context.config()).volumesFormat ?? ""));
    printList(context, volumeView, volumes, { format: chosen, quiet });
    for (const warning of Warnings ?? []) printLine(context.err, `WARNING: ${warning}`);
  },
});
