import { objectPath } from "../client/object-path.ts";
import { integer } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { Failure } from "../failure.ts";

const defaultTimeoutSeconds = 30;

export const enable = defineVerb({
  name: "plugin enable",
  usage: "[OPTIONS] PLUGIN",
  summary: "Enable a plugin",
  args: { min: 1, max: 1 },
  flags: { timeout: integer(`HTTP client timeout (in seconds) (default ${defaultTimeoutSeconds})`) },
  async run(context, [name = ""], { timeout = defaultTimeoutSeconds }) {
    if (timeout < 0) throw new Failure(`negative timeout ${timeout} is invalid`);
    await context.client.run({
      method: "POST",
      path: `${objectPath("plugin", name)}/enable`,
      query: { timeout },
      signal: context.signal,
    });
    printLine(context.out, name);
  },
});
