import { volumeSchema } from "@davit/protocol";
import { list, listOf, text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { checkLabel, keyValues } from "../options/key-value.ts";

export const create = defineVerb({
  name: "volume create",
  usage: "[OPTIONS] [VOLUME]",
  summary: "Create a volume",
  args: { min: 0, max: 1 },
  flags: {
    driver: text('Specify volume driver name (default "local")', { short: "d", initial: "local" }),
    label: listOf("Set metadata for a volume", checkLabel),
    name: text("Specify volume name", { hidden: true }),
    opt: list("Set driver specific options", { short: "o", type: "map" }),
  },
  async run(context, [positional], flags) {
    if (positional !== undefined && flags.name !== "") {
      throw new Failure(
        "conflicting options: cannot specify a volume-name through both --name and as a positional arg",
      );
    }
    const volume = await context.client.json(volumeSchema, {
      method: "POST",
      path: "/volumes/create",
      json: {
        Name: positional ?? flags.name,
        Driver: flags.driver,
        DriverOpts: keyValues(flags.opt),
        Labels: keyValues(flags.label),
      },
      signal: context.signal,
    });
    printLine(context.out, volume.Name);
  },
});
