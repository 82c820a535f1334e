import { containerInspectSchema } from "@davit/protocol";
import { objectPath } from "../client/object-path.ts";
import { parsed, text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { parseMoment } from "../options/moment.ts";
import { copyOutput } from "./multiplexed.ts";

const moment = (value: string): string => parseMoment(value, Date.now());

export const logs = defineVerb({
  name: "logs",
  aliases: ["container logs"],
  usage: "[OPTIONS] CONTAINER",
  summary: "Fetch the logs of a container",
  args: { min: 1, max: 1 },
  flags: {
    details: toggle("Show extra details provided to logs"),
    follow: toggle("Follow log output", { short: "f" }),
    since: parsed('Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m")', moment),
    tail: text('Number of lines to show from the end of the logs (default "all")', {
      short: "n",
      initial: "all",
    }),
    timestamps: toggle("Show timestamps", { short: "t" }),
    until: parsed(
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m")',
      moment,
    ),
  },
  async run(context, [name = ""], flags) {
    const { client, signal } = context;
    const path = objectPath("container", name);
    const { Config } = await client.json(containerInspectSchema.pick({ Config: true }), {
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
        since: flags.since || undefined,
        tail: flags.tail,
        timestamps: flags.timestamps || undefined,
        until: flags.until || undefined,
      },
      signal,
    });
    await copyOutput(response, Config.Tty, context);
    return undefined;
  },
});
