import * as z from "zod";
import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { naturally } from "../format/natural-order.ts";

const bindings = z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullish();
const containerPortsSchema = z.object({
  NetworkSettings: z.object({ Ports: z.record(z.string(), bindings).nullish() }),
});

export const port = defineVerb({
  name: "port",
  aliases: ["container port"],
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  summary: "List port mappings or a specific mapping for the container",
  args: { min: 1, max: 2 },
  flags: {},
  async run(context, [name = "", wanted]) {
    const { NetworkSettings } = await context.client.json(containerPortsSchema, {
      method: "GET",
      path: `${objectPath("container", name)}/json`,
      signal: context.signal,
    });
    const ports = NetworkSettings.Ports ?? {};
    if (wanted === undefined) {
      const lines = Object.entries(ports).flatMap(([inside, outside]) =>
        (outside ?? []).map((binding) => `${inside} -> ${address(binding)}`),
      );
      for (const line of lines.sort(naturally)) printLine(context.out, line);
      return;
    }
    const [number = "", protocol = "tcp"] = wanted.split("/");
    if (!/^\d+$/.test(number)) throw new Failure(`Error: invalid port (${wanted})`);
    const found = ports[`${number}/${protocol}`] ?? [];
    if (found.length === 0) throw new Failure(`Error: No public port '${wanted}' published for ${name}`);
    for (const binding of found) printLine(context.out, address(binding));
  },
});

const address = ({ HostIp, HostPort }: { readonly HostIp: string; readonly HostPort: string }): string =>
  `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort}`;
