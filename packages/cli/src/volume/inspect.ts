import { volumeSchema } from "@davit/protocol";
import { inspectObject } from "../client/inspect-object.ts";
import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { inspectEach } from "../format/inspect.ts";
import { inspectFormatFlag } from "../options/format-flags.ts";

export const inspect = defineVerb({
  name: "volume inspect",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  summary: "Display detailed information on one or more volumes",
  args: { min: 1 },
  flags: { format: inspectFormatFlag() },
  run: (context, args, { format }) =>
    inspectEach(
      context,
      args,
      format,
      async (name) => {
        const volume = await inspectObject(context, volumeSchema, objectPath("volume", name));
        // Templates know it even where the daemon leaves it out; what is undefined is not in the JSON.
        if (typeof volume !== "object" || volume === null || "Status" in volume) return volume;
        return { ...volume, Status: undefined };
      },
      "volume.Volume",
    ),
});
