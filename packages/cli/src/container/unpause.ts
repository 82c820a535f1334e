import { defineVerb } from "../command-line/verb.ts";
import { actOnEach } from "./act-on-each.ts";

export const unpause = defineVerb({
  name: "unpause",
  aliases: ["container unpause"],
  usage: "CONTAINER [CONTAINER...]",
  summary: "Unpause all processes within one or more containers",
  args: { min: 1 },
  flags: {},
  run: (context, names) => actOnEach(context, names, "unpause"),
});
