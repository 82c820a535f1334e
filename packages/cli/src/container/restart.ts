import { defineVerb } from "../command-line/verb.ts";
import { actOnEach } from "./act-on-each.ts";
import { stopFlags, stopQuery } from "./stop-flags.ts";

export const restart = defineVerb({
  name: "restart",
  aliases: ["container restart"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Restart one or more containers",
  args: { min: 1 },
  flags: stopFlags,
  run: (context, names, flags) => actOnEach(context, names, "restart", stopQuery(flags)),
});
