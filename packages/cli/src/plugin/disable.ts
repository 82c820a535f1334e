import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";

export const disable = defineVerb({
  name: "plugin disable",
  usage: "[OPTIONS] PLUGIN",
  summary: "Disable a plugin",
  args: { min: 1, max: 1 },
  flags: { force: toggle("Force the disable of an active plugin", { short: "f" }) },
  async run(context, [name = ""], { force }) {
    await context.client.run({
      method: "POST",
      path: `${objectPath("plugin", name)}/disable`,
      query: { force: force ? "1" : undefined },
      signal: context.signal,
    });
    printLine(context.out, name);
  },
});
