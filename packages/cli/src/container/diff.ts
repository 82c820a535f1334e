import { goList } from "@davit/protocol";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { field, type ListView, printList } from "../format/list.ts";
import { listFormatFlag } from "../options/format-flags.ts";

const changesSchema = goList(z.object({ Path: z.string(), Kind: z.number() }));
type Change = z.output<typeof changesSchema>[number];

const kinds: Readonly<Record<number, string>> = { 0: "C", 1: "A", 2: "D" };

const changeView: ListView<Change> = {
  table: "{{.Type}}\t{{.Path}}",
  goType: "*container.diffContext",
  quiet: "{{.Path}}",
  fields: {
    Type: field("CHANGE TYPE", ({ Kind }) => kinds[Kind] ?? String(Kind)),
    Path: field("PATH", ({ Path }) => Path),
  },
};

export const diff = defineVerb({
  name: "diff",
  aliases: ["container diff"],
  usage: "CONTAINER",
  summary: "Inspect changes to files or directories on a container's filesystem",
  args: { min: 1, max: 1 },
  flags: { format: listFormatFlag() },
  async run(context, [name = ""], { format }) {
    const changes = await context.client.json(changesSchema, {
      method: "GET",
      path: `${objectPath("container", name)}/changes`,
      signal: context.signal,
    });
    printList(context, changeView, changes, { format: format || "{{.Type}} {{.Path}}", quiet: false });
  },
});
