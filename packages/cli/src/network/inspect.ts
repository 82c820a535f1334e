import * as z from "zod";
import { inspectObject } from "../client/inspect-object.ts";
import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { inspectEach } from "../format/inspect.ts";
import { inspectFormatFlag } from "../options/format-flags.ts";

/** What must be known of a network to show it. */
export const networkIdentitySchema = z.object({ Id: z.string(), Name: z.string() });

export const inspect = defineVerb({
  name: "network inspect",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  summary: "Display detailed information on one or more networks",
  args: { min: 1 },
  flags: {
    format: inspectFormatFlag(),
    verbose: toggle("Verbose output for diagnostics", { short: "v" }),
  },
  run: (context, args, { format, verbose }) =>
    inspectEach(context, args, format, (name) =>
      inspectObject(context, networkIdentitySchema, objectPath("network", name), {
        verbose: verbose ? "true" : undefined,
      }),
    ),
});
