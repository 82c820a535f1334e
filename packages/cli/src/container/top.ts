import { goList } from "@davit/protocol";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { alignCells } from "../format/table.ts";

const topSchema = z.object({ Titles: goList(z.string()), Processes: goList(z.array(z.string())) });

export const top = defineVerb({
  name: "top",
  aliases: ["container top"],
  usage: "CONTAINER [ps OPTIONS]",
  summary: "Display the running processes of a container",
  args: { min: 1 },
  flags: {},
  optionsEndAtFirstArgument: true,
  async run(context, [name = "", ...options]) {
    const { Titles, Processes } = await context.client.json(topSchema, {
      method: "GET",
      path: `${objectPath("container", name)}/top`,
      query: { ps_args: options.length === 0 ? undefined : options.join(" ") },
      signal: context.signal,
    });
    const rows = [Titles, ...Processes].map((cells) => cells.join("\t")).join("\n");
    printLine(context.out, alignCells(rows, { narrowest: 20, gap: 3 }));
  },
});
