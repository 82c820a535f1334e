import { type Plugin, pluginSchema } from "@davit/protocol";
import * as z from "zod";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { truncate } from "../format/human.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { naturally } from "../format/natural-order.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { listFormatFlag } from "../options/format-flags.ts";

const descriptionLength = 45;

/** `withOffers` adds what docker's list has not: the names under which other engines find plugins. */
export const pluginView = (noTrunc: boolean, withOffers: boolean): ListView<Plugin> => ({
  table: `{{.ID}}\t{{.Name}}\t{{.Description}}\t{{.Enabled}}${withOffers ? "\t{{.OfferedAs}}" : ""}`,
  goType: "*plugin.pluginContext",
  quiet: "{{.ID}}",
  fields: {
    ID: field("ID", ({ Id }) => (noTrunc ? Id : Id.slice(0, 12))),
    Name: field("NAME", ({ Name }) => Name),
    Description: field("DESCRIPTION", ({ Config }) => {
      const line = Config.Description.replaceAll("\n", "").replaceAll("\r", "");
      return noTrunc ? line : truncate(line, descriptionLength);
    }),
    Enabled: field("ENABLED", ({ Enabled }) => Enabled),
    PluginReference: field("IMAGE", ({ PluginReference }) => PluginReference),
    ...(withOffers ? { OfferedAs: field("OFFERED AS", ({ OfferedAs = "" }: Plugin) => OfferedAs) } : {}),
  },
});

export const ls = defineVerb({
  name: "plugin ls",
  aliases: ["plugin list"],
  usage: "[OPTIONS]",
  summary: "List plugins",
  args: { min: 0, max: 0 },
  flags: {
    filter: filterFlag('Provide filter values (e.g. "enabled=true")'),
    format: listFormatFlag(),
    noTrunc: toggle("Don't truncate output"),
    quiet: toggle("Only display plugin IDs", { short: "q" }),
  },
  async run(context, _args, { filter, format, noTrunc, quiet }) {
    const plugins = await context.client.json(z.array(pluginSchema), {
      method: "GET",
      path: "/plugins",
      query: { filters: filtersQuery(filter) },
      signal: context.signal,
    });
    plugins.sort((a, b) => naturally(a.Name, b.Name));
    const chosen = format || (quiet ? "" : ((await context.config()).pluginsFormat ?? ""));
    const withOffers =
      chosen.includes(".OfferedAs") || plugins.some(({ OfferedAs }) => OfferedAs !== undefined);
    printList(context, pluginView(noTrunc, withOffers), plugins, { format: chosen, quiet });
  },
});
