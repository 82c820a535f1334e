import * as z from "zod";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { labelHeader, labelMethod, labelsText } from "../format/labels.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { naturally } from "../format/natural-order.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { listFormatFlag } from "../options/format-flags.ts";

const networkSchema = z.object({
  Id: z.string(),
  Name: z.string(),
  Driver: z.string(),
  Scope: z.string(),
  Created: z.string().default(""),
  EnableIPv6: z.boolean().default(false),
  Internal: z.boolean().default(false),
  Labels: z.record(z.string(), z.string()).nullish(),
});
type Network = z.output<typeof networkSchema>;

const networkView = (noTrunc: boolean): ListView<Network> => ({
  table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
  goType: "*network.networkContext",
  quiet: "{{.ID}}",
  fields: {
    ID: field("NETWORK ID", ({ Id }) => (noTrunc ? Id : Id.slice(0, 12))),
    Name: field("NAME", ({ Name }) => Name),
    Driver: field("DRIVER", ({ Driver }) => Driver),
    Scope: field("SCOPE", ({ Scope }) => Scope),
    IPv6: field("IPV6", ({ EnableIPv6 }) => String(EnableIPv6)),
    Internal: field("INTERNAL", ({ Internal }) => String(Internal)),
    Labels: field("LABELS", ({ Labels }) => labelsText(Labels ?? null)),
    Label: field(labelHeader, ({ Labels }) => labelMethod(Labels ?? null)),
    CreatedAt: field("CREATED AT", ({ Created }) => Created),
  },
});

export const ls = defineVerb({
  name: "network ls",
  aliases: ["network list"],
  usage: "[OPTIONS]",
  summary: "List networks",
  args: { min: 0, max: 0 },
  flags: {
    filter: filterFlag('Provide filter values (e.g. "driver=bridge")'),
    format: listFormatFlag(),
    noTrunc: toggle("Do not truncate the output"),
    quiet: toggle("Only display network IDs", { short: "q" }),
  },
  async run(context, _args, { filter, format, noTrunc, quiet }) {
    const networks = await context.client.json(z.array(networkSchema), {
      method: "GET",
      path: "/networks",
      query: { filters: filtersQuery(filter) },
      signal: context.signal,
    });
    networks.sort((a, b) => naturally(a.Name, b.Name));
    const chosen = format || (quiet ? "" : ((await context.config()).networksFormat ?? ""));
    printList(context, networkView(noTrunc), networks, { format: chosen, quiet });
  },
});
