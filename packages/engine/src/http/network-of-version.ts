import type { ContainerInspect, ContainerSummary, Network } from "@davit/protocol";
import type { ApiVersion } from "./api-version.ts";

/** A network as the version's clients read it. */
export function networkOfVersion(network: Network, version: ApiVersion): Network {
  if (version.atLeast(1, 48)) return network;
  const { EnableIPv4: _later, ...earlier } = network;
  return earlier;
}

/** The members that later versions brought. */
const since = new Map<string, readonly [number, number]>([
  ["DNSNames", [1, 44]],
  ["GwPriority", [1, 48]],
]);

/** A container, in a list or inspected, with its networks as the version's clients read them. */
export function withNetworksOfVersion<Container extends ContainerInspect | ContainerSummary>(
  container: Container,
  version: ApiVersion,
): Container {
  const short = container.Id.slice(0, 12);
  const member = ([name, value]: readonly [string, unknown]): [string, unknown][] => {
    const first = since.get(name);
    if (first !== undefined && !version.atLeast(...first)) return [];
    return [[name, name === "Aliases" && version.atLeast(1, 45) ? withoutShortId(value, short) : value]];
  };
  const networks = Object.entries(container.NetworkSettings.Networks)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, network]) => [name, Object.fromEntries(Object.entries(network).flatMap(member))]);
  const settings = { ...container.NetworkSettings, Networks: Object.fromEntries(networks) };
  return { ...container, NetworkSettings: settings };
}

/** Since 1.45 it is told among the names for DNS. */
function withoutShortId(aliases: unknown, short: string): unknown {
  if (!Array.isArray(aliases)) return aliases;
  const own = aliases.filter((alias) => alias !== short);
  return own.length === 0 ? null : own;
}
