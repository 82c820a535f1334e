import { imageInspectSchema } from "@davit/protocol";
import { inspectObject } from "../client/inspect-object.ts";
import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { inspectEach } from "../format/inspect.ts";
import { inspectFormatFlag } from "../options/format-flags.ts";

export const inspect = defineVerb({
  name: "image inspect",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Display detailed information on one or more images",
  args: { min: 1 },
  flags: { format: inspectFormatFlag() },
  run: (context, args, { format }) =>
    inspectEach(context, args, format, (name) =>
      inspectObject(context, imageInspectSchema.pick({ Id: true }), `${objectPath("image", name)}/json`),
    ),
});
