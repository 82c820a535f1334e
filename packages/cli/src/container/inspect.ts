import { containerInspectSchema } from "@davit/protocol";
import { inspectObject } from "../client/inspect-object.ts";
import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { inspectEach } from "../format/inspect.ts";
import { inspectFormatFlag } from "../options/format-flags.ts";

export const inspect = defineVerb({
  name: "container inspect",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Display detailed information on one or more containers",
  args: { min: 1 },
  flags: { format: inspectFormatFlag(), size: toggle("Display total file sizes", { short: "s" }) },
  run: (context, args, { format, size }) =>
    inspectEach(context, args, format, (name) =>
      inspectObject(
        context,
        containerInspectSchema.pick({ Id: true, Name: true }),
        `${objectPath("container", name)}/json`,
        { size: size ? "1" : undefined },
      ),
    ),
});
