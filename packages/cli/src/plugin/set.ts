import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";

export const set = defineVerb({
  name: "plugin set",
  usage: "PLUGIN KEY=VALUE [KEY=VALUE...]",
  summary: "Change settings for a plugin",
  args: { min: 2 },
  flags: {},
  async run(context, [name = "", ...settings]) {
    await context.client.run({
      method: "POST",
      path: `${objectPath("plugin", name)}/set`,
      json: settings,
      signal: context.signal,
    });
    return undefined;
  },
});
