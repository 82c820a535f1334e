import type { PublishedPort } from "../../core/ports/network.ts";
import type { BridgeOptions } from "./bridge-options.ts";
import type { FilterRule } from "./packet-filter.ts";

const filter = (chain: string, ...words: readonly string[]): FilterRule => ({
  table: "filter",
  chain,
  words,
});
const nat = (chain: string, ...words: readonly string[]): FilterRule => ({ table: "nat", chain, words });

const translated = ["-m", "conntrack", "--ctstate", "DNAT"];

/** What keeps a bridge's containers apart from others, and lets them out. */
export function networkRules(
  { name, icc, masquerade, internal }: BridgeOptions,
  subnets: readonly string[],
): readonly FilterRule[] {
  const within = filter("DAVIT-FORWARD", "-i", name, "-o", name, "-j", icc ? "ACCEPT" : "DROP");
  if (internal) {
    return [
      filter("DAVIT-ISOLATE-1", "-i", name, "!", "-o", name, "-j", "DROP"),
      filter("DAVIT-ISOLATE-1", "-o", name, "!", "-i", name, "-j", "DROP"),
      within,
    ];
  }
  return [
    filter("DAVIT-ISOLATE-1", "-i", name, "!", "-o", name, "-j", "DAVIT-ISOLATE-2"),
    filter("DAVIT-ISOLATE-2", "-o", name, "-j", "DROP"),
    filter(
      "DAVIT-FORWARD",
      "-o",
      name,
      "-m",
      "conntrack",
      "--ctstate",
      "RELATED,ESTABLISHED",
      "-j",
      "ACCEPT",
    ),
    filter("DAVIT-FORWARD", "-o", name, ...translated, "-j", "ACCEPT"),
    filter("DAVIT-FORWARD", "-i", name, "!", "-o", name, "-j", "ACCEPT"),
    within,
    // Nobody outside gets in by a route that happens to lead here.
    filter("DAVIT-FORWARD", "-o", name, "-j", "DROP"),
    ...subnets.flatMap((subnet) => [
      ...(masquerade ? [nat("POSTROUTING", "-s", subnet, "!", "-o", name, "-j", "MASQUERADE")] : []),
      // From a container to what itself or its neighbour publishes: the answer is to come back this way.
      nat("POSTROUTING", "-s", subnet, "-o", name, ...translated, "-j", "MASQUERADE"),
    ]),
  ];
}

/** What leads from ports of the host to a container. */
export function portRules(
  bridge: string,
  address: string,
  ports: readonly PublishedPort[],
): readonly FilterRule[] {
  const inside = address.includes(":") ? `[${address}]` : address;
  return ports
    .map(({ hostAddress, hostPort, containerPort, protocol }) =>
      nat(
        "DAVIT",
        ...(hostAddress === undefined || hostAddress === "::" ? [] : ["-d", hostAddress]),
        "-p",
        protocol,
        "--dport",
        String(hostPort),
        "-j",
        "DNAT",
        "--to-destination",
        `${inside}:${containerPort}`,
      ),
    )
    .concat(ports.length === 0 || address.includes(":") ? [] : loopbackRules(bridge));
}

/** With them the host reaches ports on its own 127.0.0.1, and no container does. */
const loopbackRules = (bridge: string): readonly FilterRule[] => [
  nat("POSTROUTING", "-s", "127.0.0.0/8", "-o", bridge, ...translated, "-j", "MASQUERADE"),
  filter(
    "INPUT",
    "-i",
    bridge,
    "-d",
    "127.0.0.0/8",
    "-m",
    "conntrack",
    "!",
    "--ctstate",
    "RELATED,ESTABLISHED,DNAT",
    "-j",
    "DROP",
  ),
];
