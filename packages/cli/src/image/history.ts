import { humanDuration, type ImageHistoryItem, imageHistoryItemSchema } from "@davit/protocol";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { humanSize, shortId, truncate } from "../format/human.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { rfc3339 } from "../format/time.ts";
import { listFormatFlag } from "../options/format-flags.ts";

const commandLength = 45;

const historyView = (options: {
  readonly noTrunc: boolean;
  readonly human: boolean;
  readonly nowMs: number;
}): ListView<ImageHistoryItem> => ({
  table:
    "{{.ID}}\t{{if .CreatedSince}}{{.CreatedSince}}{{else}}{{.CreatedAt}}{{end}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}",
  goType: "*image.historyContext",
  quiet: "{{.ID}}",
  fields: {
    ID: field("IMAGE", ({ Id }) => (options.noTrunc ? Id : shortId(Id))),
    CreatedSince: field("CREATED", ({ Created }) =>
      options.human ? `${humanDuration(options.nowMs - Created * 1000)} ago` : rfc3339(Created),
    ),
    CreatedAt: field("CREATED AT", ({ Created }) => rfc3339(Created)),
    CreatedBy: field("CREATED BY", ({ CreatedBy }) => {
      const line = CreatedBy.replaceAll("\t", " ");
      return options.noTrunc ? line : truncate(line, commandLength);
    }),
    Size: field("SIZE", ({ Size }) => (options.human ? humanSize(Size) : String(Size))),
    Comment: field("COMMENT", ({ Comment }) => Comment),
  },
});

export const history = defineVerb({
  name: "history",
  aliases: ["image history"],
  usage: "[OPTIONS] IMAGE",
  summary: "Show the history of an image",
  args: { min: 1, max: 1 },
  flags: {
    format: listFormatFlag(),
    human: toggle("Print sizes and dates in human readable format", { short: "H", initial: true }),
    noTrunc: toggle("Don't truncate output"),
    platform: text("Show history for the given platform"),
    quiet: toggle("Only show image IDs", { short: "q" }),
  },
  async run(context, [name = ""], { format, human, noTrunc, quiet, platform }) {
    const items = await context.client.json(z.array(imageHistoryItemSchema), {
      method: "GET",
      path: `${objectPath("image", name)}/history`,
      query: { platform: platform || undefined },
      signal: context.signal,
    });
    printList(context, historyView({ noTrunc, human, nowMs: Date.now() }), items, { format, quiet });
  },
});
