import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";

export const disconnect = defineVerb({
  name: "network disconnect",
  usage: "[OPTIONS] NETWORK CONTAINER",
  summary: "Disconnect a container from a network",
  args: { min: 2, max: 2 },
  flags: { force: toggle("Force the container to disconnect from a network", { short: "f" }) },
  async run(context, [network = "", container = ""], { force }) {
    await context.client.run({
      method: "POST",
      path: `${objectPath("network", network)}/disconnect`,
      json: { Container: container, Force: force },
      signal: context.signal,
    });
  },
});
