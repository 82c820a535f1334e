import type { ContainerRecord } from "../container/record.ts";
import { addressOnly, type IpFamily } from "./cidr.ts";
import { dnsNames, networksOf } from "./container-network.ts";
import { type EndpointRecord, isPredefined, type NetworkRecord } from "./record.ts";

/** What is on record, for finding names. */
export interface NameRecords {
  container(id: string): ContainerRecord | undefined;
  network(id: string): NetworkRecord | undefined;
  ofContainer(containerId: string): readonly EndpointRecord[];
  ofNetwork(networkId: string): readonly EndpointRecord[];
}

interface Known {
  readonly names: readonly string[];
  readonly networkName: string;
  readonly endpoint: EndpointRecord;
}

/** The networks of a container on which names are known. */
const named = (records: NameRecords, containerId: string): readonly NetworkRecord[] =>
  records.ofContainer(containerId).flatMap(({ networkId }) => {
    const network = records.network(networkId);
    return network === undefined || isPredefined(network.name) ? [] : [network];
  });

/** Everybody whom a container meets, by the names that are theirs on that network. */
function* known(records: NameRecords, asking: string): Iterable<Known> {
  for (const network of named(records, asking)) {
    for (const endpoint of records.ofNetwork(network.id)) {
      const container = records.container(endpoint.containerId);
      if (container === undefined) continue;
      const wanted = networksOf(container).find(({ networkId }) => networkId === network.id);
      const names = dnsNames(container, wanted ?? { aliases: [] });
      const links = linkedAliases(records, asking, network.id, container);
      yield { names: [...names, ...links], networkName: network.name, endpoint };
    }
  }
}

/** What the one who asks calls another on this network: `--link other:alias`. */
function linkedAliases(
  records: NameRecords,
  asking: string,
  networkId: string,
  other: ContainerRecord,
): readonly string[] {
  const container = records.container(asking);
  if (container === undefined) return [];
  const links = networksOf(container).find((wanted) => wanted.networkId === networkId)?.links ?? [];
  return links.flatMap((link) => {
    const [target = "", alias = target] = link.replace(/^\//, "").split(":");
    return target === other.name || target === other.id ? [alias] : [];
  });
}

/**
 * The addresses that a name has for a container, on all of its networks: `name`, or `name.network`. Undefined for a name that nobody has
 * there; empty for one of somebody without such an address.
 */
export function knownAddresses(
  records: NameRecords,
  asking: string,
  name: string,
  family: IpFamily,
): readonly string[] | undefined {
  const wanted = name.toLowerCase();
  const found = [...known(records, asking)].filter(({ names, networkName }) =>
    names.some((own) => {
      const lower = own.toLowerCase();
      return lower === wanted || `${lower}.${networkName.toLowerCase()}` === wanted;
    }),
  );
  if (found.length === 0) return undefined;
  return found.flatMap(({ endpoint: { addresses } }) => {
    const address = family === 4 ? addresses.address : addresses.addressIPv6;
    return address === undefined ? [] : [addressOnly(address)];
  });
}

/** What an address is called on one of a container's networks. */
export function knownNames(
  records: NameRecords,
  asking: string,
  address: string,
): readonly string[] | undefined {
  for (const { names, networkName, endpoint } of known(records, asking)) {
    const { addresses } = endpoint;
    const own = [addresses.address, addresses.addressIPv6].map((given) => addressOnly(given ?? ""));
    const [first] = names;
    if (own.includes(address) && first !== undefined) return [`${first}.${networkName}`];
  }
  return undefined;
}

/** Whether a container has a network on which names are known. */
export const hasNames = (records: NameRecords, containerId: string): boolean =>
  named(records, containerId).length > 0;

/** Whether it has one that leads out: on internal ones alone nothing outside is to be found. */
export const leadsOut = (records: NameRecords, containerId: string): boolean =>
  records.ofContainer(containerId).some(({ networkId }) => records.network(networkId)?.internal === false);
