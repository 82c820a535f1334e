import { objectPath } from "../client/object-path.ts";
import { integer, list, text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { keyValues } from "../options/key-value.ts";

export const connect = defineVerb({
  name: "network connect",
  usage: "[OPTIONS] NETWORK CONTAINER",
  summary: "Connect a container to a network",
  args: { min: 2, max: 2 },
  flags: {
    alias: list("Add network-scoped alias for the container", { type: "strings" }),
    driverOpt: list("driver options for the network", { type: "strings" }),
    gwPriority: integer(
      "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
    ),
    ip: text('IPv4 address (e.g., "172.30.100.104")'),
    ip6: text('IPv6 address (e.g., "2001:db8::33")'),
    link: list("Add link to another container"),
    linkLocalIp: list("Add a link-local address for the container", { type: "strings" }),
  },
  async run(context, [network = "", container = ""], flags) {
    await context.client.run({
      method: "POST",
      path: `${objectPath("network", network)}/connect`,
      json: {
        Container: container,
        EndpointConfig: {
          IPAMConfig: { IPv4Address: flags.ip, IPv6Address: flags.ip6, LinkLocalIPs: flags.linkLocalIp },
          Links: flags.link,
          Aliases: flags.alias,
          DriverOpts: keyValues(flags.driverOpt),
          ...(flags.gwPriority === undefined ? {} : { GwPriority: flags.gwPriority }),
        },
      },
      signal: context.signal,
    });
  },
});
