import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { renderList } from "../format/list.ts";
import { listFormatFlag } from "../options/format-flags.ts";
import { type Stats, type StatsRow, statsSchema, statsView } from "./stats-view.ts";

const listedSchema = z.array(z.object({ Id: z.string() }));
const clearScreen = "\u001B[2J\u001B[H";

export const stats = defineVerb({
  name: "stats",
  aliases: ["container stats"],
  usage: "[OPTIONS] [CONTAINER...]",
  summary: "Display a live stream of container(s) resource usage statistics",
  args: { min: 0 },
  flags: {
    all: toggle("Show all containers (default shows just running)", { short: "a" }),
    format: listFormatFlag(),
    noStream: toggle("Disable streaming stats and only pull the first result"),
    noTrunc: toggle("Do not truncate output"),
  },
  async run(context, given, { all, format, noStream, noTrunc }) {
    const names = given.length > 0 ? given : await containers(context, all);
    const chosen = format || ((await context.config()).statsFormat ?? "");
    const samples = new Map<string, Stats>();
    const print = (): void => {
      const rows = names.map((container): StatsRow => ({ container, stats: samples.get(container) }));
      const text = renderList(statsView(noTrunc), rows, { format: chosen, quiet: false });
      const clears = !noStream && context.out.isTTY === true;
      if (text !== "") printLine(context.out, `${clears ? clearScreen : ""}${text}`);
    };
    const follow = async (name: string): Promise<void> => {
      for await (const sample of samplesOf(context, name, !noStream)) {
        samples.set(name, sample);
        // The first table waits for everybody.
        if (!noStream && samples.size === names.length) print();
      }
    };
    await Promise.all(names.map(follow));
    if (noStream) print();
  },
});

const samplesOf = (context: Context, name: string, stream: boolean) =>
  context.client.stream(statsSchema, {
    method: "GET",
    path: `${objectPath("container", name)}/stats`,
    query: { stream },
    signal: context.signal,
  });

async function containers(context: Context, all: boolean): Promise<string[]> {
  const listed = await context.client.json(listedSchema, {
    method: "GET",
    path: "/containers/json",
    query: { all: all || undefined },
    signal: context.signal,
  });
  return listed.map(({ Id }) => Id);
}
