import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";

const offerSchema = z.object({ Name: z.string(), Socket: z.string() });

export const offer = defineVerb({
  name: "plugin offer",
  usage: "PLUGIN [NAME]",
  summary: "Offer a plugin to other engines on this host, such as Podman",
  args: { min: 1, max: 2 },
  flags: {},
  async run(context, [plugin = "", as]) {
    const { Socket } = await context.client.json(offerSchema, {
      method: "POST",
      path: `${objectPath("plugin", plugin)}/offer`,
      query: { as },
      signal: context.signal,
    });
    printLine(context.out, Socket);
    return undefined;
  },
});
