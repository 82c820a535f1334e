import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { momentQuery } from "../options/moment.ts";
import { copyOutput } from "./multiplexed.ts";
import { containerStreamsSchema } from "./streams-schema.ts";

export const logs = defineVerb({
  name: "logs",
  aliases: ["container logs"],
  usage: "[OPTIONS] CONTAINER",
  summary: "Fetch the logs of a container",
  args: { min: 1, max: 1 },
  flags: {
    details: toggle("Show extra details provided to logs"),
    follow: toggle("Follow log output", { short: "f" }),
    since: text('Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m")'),
    tail: text('Number of lines to show from the end of the logs (default "all")', {
      short: "n",
      initial: "all",
    }),
    timestamps: toggle("Show timestamps", { short: "t" }),
    until: text('Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m")'),
  },
  async run(context, [name = ""], flags) {
    const { client, signal } = context;
    const path = objectPath("container", name);
    const { Config } = await client.json(containerStreamsSchema, {
      method: "GET",
      path: `${path}/json`,
      signal,
    });
    const response = await client.send({
      method: "GET",
      path: `${path}/logs`,
      query: {
        stdout: true,
        stderr: true,
        details: flags.details || undefined,
        follow: flags.follow || undefined,
        ...momentQuery(flags),
        tail: flags.tail,
        timestamps: flags.timestamps || undefined,
      },
      signal,
    });
    await copyOutput(response, Config.Tty, context);
    return undefined;
  },
});
