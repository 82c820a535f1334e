import { defineVerb } from "../command-line/verb.ts";
import { actOnEach } from "./act-on-each.ts";

export const pause = defineVerb({
  name: "pause",
  aliases: ["container pause"],
  usage: "CONTAINER [CONTAINER...]",
  summary: "Pause all processes within one or more containers",
  args: { min: 1 },
  flags: {},
  run: (context, names) => actOnEach(context, names, "pause"),
});
