import type { Network } from "@davit/protocol";
import type { ContainerRecord } from "../container/record.ts";
import { addressOnly } from "./cidr.ts";
import type { EndpointRecord, IpamConfig, NetworkPoolRecord, NetworkRecord } from "./record.ts";

/** A container's place on a network, for people. */
export interface Attached {
  readonly container: Pick<ContainerRecord, "id" | "name">;
  readonly endpoint: Pick<EndpointRecord, "endpointId" | "addresses">;
}

/** What clients are shown of a network. */
export function networkView(record: NetworkRecord, attached: readonly Attached[]): Network {
  const { ipam, pools } = record;
  return {
    Name: record.name,
    Id: record.id,
    Created: record.createdAt,
    Scope: record.scope === "global" ? "global" : "local",
    Driver: record.driver,
    EnableIPv4: record.enableIPv4,
    EnableIPv6: record.enableIPv6,
    IPAM: { Driver: ipam.driver, Options: { ...ipam.options }, Config: ipamView(ipam.config, pools) },
    Internal: record.internal,
    Attachable: record.attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(attached.map(attachedView)),
    Options: { ...record.options },
    Labels: { ...record.labels },
  };
}

const attachedView = ({ container, endpoint: { endpointId, addresses } }: Attached) =>
  [
    container.id,
    {
      Name: container.name,
      EndpointID: endpointId,
      MacAddress: addresses.macAddress ?? "",
      IPv4Address: addresses.address ?? "",
      IPv6Address: addresses.addressIPv6 ?? "",
    },
  ] as const;

/** What was asked for; where that was nothing, what the driver gave. */
function ipamView(config: readonly IpamConfig[], pools: readonly NetworkPoolRecord[]) {
  const asked = config.map(configView);
  const isAsked = (ipv6: boolean): boolean => config.some(({ subnet }) => subnet.includes(":") === ipv6);
  const given = pools.filter(({ ipv6 }) => !isAsked(ipv6)).map(poolView);
  return [...given, ...asked];
}

const poolView = ({ pool, gateway }: NetworkPoolRecord) => ({
  Subnet: pool,
  ...(gateway === "" ? {} : { Gateway: addressOnly(gateway) }),
});

const configView = ({ subnet, ipRange, gateway, auxAddresses }: IpamConfig) => ({
  ...(subnet === "" ? {} : { Subnet: subnet }),
  ...(ipRange === "" ? {} : { IPRange: ipRange }),
  ...(gateway === "" ? {} : { Gateway: gateway }),
  ...(Object.keys(auxAddresses).length === 0 ? {} : { AuxiliaryAddresses: { ...auxAddresses } }),
});
