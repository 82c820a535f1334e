import type { ContainerInspect, ContainerSummary, Network } from "@davit/protocol";
import type { ApiVersion } from "./api-version.ts";

/** A network as the version's clients read it. */
export function networkOfVersion({ EnableIPv4, ...network }: Network, version: ApiVersion): Network {
  return version.atLeast(1, 48) ? { ...network, EnableIPv4: EnableIPv4 ?? true } : network;
}

/** A container, in a list or inspected, with its networks as the version's clients read them. */
export function withNetworksOfVersion<Container extends ContainerInspect | ContainerSummary>(
  container: Container,
  version: ApiVersion,
): Container {
  const short = container.Id.slice(0, 12);
  const networks = Object.entries(container.NetworkSettings.Networks).map(([name, network]) => {
    const { GwPriority, DNSNames, Aliases, ...common } = network;
    return [
      name,
      {
        ...common,
        Aliases: version.atLeast(1, 45) ? withoutShortId(Aliases, short) : Aliases,
        ...(version.atLeast(1, 44) ? { DNSNames } : {}),
        ...(version.atLeast(1, 48) ? { GwPriority } : {}),
      },
    ];
  });
  const settings = { ...container.NetworkSettings, Networks: Object.fromEntries(networks) };
  return { ...container, NetworkSettings: settings };
}

/** Since 1.45 it is told among the names for DNS. */
function withoutShortId(aliases: unknown, short: string): unknown {
  if (!Array.isArray(aliases)) return aliases;
  const own = aliases.filter((alias) => alias !== short);
  return own.length === 0 ? null : own;
}
