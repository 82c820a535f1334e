import { imageDeletedSchema } from "@davit/protocol";
import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { forEachArgument } from "../for-each-argument.ts";

export const rm = defineVerb({
  name: "rmi",
  aliases: ["image rm", "image remove"],
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Remove one or more images",
  args: { min: 1 },
  flags: {
    force: toggle("Force removal of the image", { short: "f" }),
    noPrune: toggle("Do not delete untagged parents"),
  },
  run: (context, args, { force, noPrune }) =>
    forEachArgument(context, args, async (name) => {
      const steps = await context.client.json(z.array(imageDeletedSchema), {
        method: "DELETE",
        path: objectPath("image", name),
        query: { force: force || undefined, noprune: noPrune || undefined },
        signal: context.signal,
      });
      for (const { Untagged, Deleted } of steps) {
        printLine(context.out, Deleted === undefined ? `Untagged: ${Untagged ?? ""}` : `Deleted: ${Deleted}`);
      }
    }),
});
