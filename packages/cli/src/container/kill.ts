import { text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { actOnEach } from "./act-on-each.ts";

export const kill = defineVerb({
  name: "kill",
  aliases: ["container kill"],
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Kill one or more running containers",
  args: { min: 1 },
  flags: { signal: text("Signal to send to the container", { short: "s" }) },
  run: (context, names, { signal }) => actOnEach(context, names, "kill", { signal: signal || undefined }),
});
