import { defineVerb } from "../command-line/verb.ts";
import { actOnEach } from "./act-on-each.ts";
import { stopFlags, stopQuery } from "./stop-flags.ts";

export const stop = defineVerb({
  name: "stop",
  aliases: ["container stop"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Stop one or more running containers",
  args: { min: 1 },
  flags: stopFlags,
  run: (context, names, flags) => actOnEach(context, names, "stop", stopQuery(flags)),
});
