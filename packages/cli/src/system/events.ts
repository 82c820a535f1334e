import { eventSchema } from "@davit/protocol";
import * as z from "zod";
import { text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { goJson } from "../format/go-json.ts";
import { renderObject } from "../format/inspect.ts";
import { rfc3339Nano } from "../format/time.ts";
import { filterFlag, filtersQuery } from "../options/filters.ts";
import { longFormatFlag } from "../options/format-flags.ts";
import { momentQuery } from "../options/moment.ts";

/** With all nine digits of the time, which only a bigint holds; unknown keys stay for `--format json`. */
const exactEventSchema = z.looseObject({
  ...eventSchema.shape,
  timeNano: z.union([z.bigint(), z.number().transform((value) => BigInt(Math.trunc(value)))]),
});
type ExactEvent = z.output<typeof exactEventSchema>;

export const events = defineVerb({
  name: "events",
  aliases: ["system events"],
  usage: "[OPTIONS]",
  summary: "Get real time events from the server",
  args: { min: 0, max: 0 },
  flags: {
    filter: filterFlag("Filter output based on conditions provided"),
    format: longFormatFlag(),
    since: text("Show all events created since timestamp"),
    until: text("Stream events until this timestamp"),
  },
  async run(context, _args, { filter, format, since, until }) {
    const stream = context.client.stream(exactEventSchema, {
      method: "GET",
      path: "/events",
      query: { ...momentQuery({ since, until }), filters: filtersQuery(filter) },
      signal: context.signal,
    });
    for await (const event of stream) printLine(context.out, eventLine(event, format));
  },
});

/** `<time> <type> <action> <id> (k=v, k=v)`, or by the user's template. */
export function eventLine(event: ExactEvent, format: string): string {
  if (format === "json") return goJson(event);
  if (format !== "") return renderObject(format, event);
  const { Type, Action, Actor, timeNano, time } = event;
  const moment = timeNano === 0n ? BigInt(Math.trunc(time)) * 1_000_000_000n : timeNano;
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const tail = attributes.length === 0 ? "" : ` (${attributes.join(", ")})`;
  return `${rfc3339Nano(moment)} ${Type} ${Action} ${Actor.ID}${tail}`;
}
