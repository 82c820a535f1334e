import { networkCreateResponseSchema } from "@davit/protocol";
import { list, listOf, optionalToggle, text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { checkLabel, keyValues } from "../options/key-value.ts";
import { ipamConfig } from "./ipam-config.ts";

/** `a,b`, or the flag given twice. */
const strings = (help: string) => listOf(help, (value) => value.split(","), { type: "strings" });

export const create = defineVerb({
  name: "network create",
  usage: "[OPTIONS] NETWORK",
  summary: "Create a network",
  args: { min: 1, max: 1 },
  flags: {
    attachable: toggle("Enable manual container attachment"),
    auxAddress: list("Auxiliary IPv4 or IPv6 addresses used by Network driver (default map[])", {
      type: "map",
    }),
    configFrom: text("The network from which to copy the configuration"),
    configOnly: toggle("Create a configuration only network"),
    driver: text('Driver to manage the Network (default "bridge")', { short: "d", initial: "bridge" }),
    gateway: strings("IPv4 or IPv6 Gateway for the master subnet"),
    ingress: toggle("Create swarm routing-mesh network"),
    internal: toggle("Restrict external access to the network"),
    ipRange: strings("Allocate container ip from a sub-range"),
    ipamDriver: text('IP Address Management Driver (default "default")', { initial: "default" }),
    ipamOpt: list("Set IPAM driver specific options (default map[])", { type: "map" }),
    ipv4: optionalToggle("Enable or disable IPv4 address assignment (default true)"),
    ipv6: optionalToggle("Enable or disable IPv6 address assignment"),
    label: listOf("Set metadata on a network", checkLabel),
    opt: list("Set driver specific options (default map[])", { short: "o", type: "map" }),
    scope: text("Control the network's scope"),
    subnet: strings("Subnet in CIDR format that represents a network segment"),
  },
  async run(context, [name = ""], flags) {
    const { Id } = await context.client.json(networkCreateResponseSchema, {
      method: "POST",
      path: "/networks/create",
      json: {
        Name: name,
        CheckDuplicate: true,
        Driver: flags.driver,
        Scope: flags.scope,
        ...(flags.ipv4 === undefined ? {} : { EnableIPv4: flags.ipv4 }),
        ...(flags.ipv6 === undefined ? {} : { EnableIPv6: flags.ipv6 }),
        IPAM: {
          Driver: flags.ipamDriver,
          Options: keyValues(flags.ipamOpt),
          Config: ipamConfig({
            subnets: flags.subnet.flat(),
            ranges: flags.ipRange.flat(),
            gateways: flags.gateway.flat(),
            auxAddresses: keyValues(flags.auxAddress),
          }),
        },
        Internal: flags.internal,
        Attachable: flags.attachable,
        Ingress: flags.ingress,
        ConfigOnly: flags.configOnly,
        ...(flags.configFrom === "" ? {} : { ConfigFrom: { Network: flags.configFrom } }),
        Options: keyValues(flags.opt),
        Labels: keyValues(flags.label),
      },
      signal: context.signal,
    });
    printLine(context.out, Id);
  },
});
