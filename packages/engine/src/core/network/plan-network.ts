import type { NetworkCreateBody } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import { contains, parseAddress, parseCidr } from "./cidr.ts";
import { type IpamConfig, isPredefined, type NetworkRecord } from "./record.ts";

/** A network that was asked for, as far as it follows from the request. */
export type NetworkPlan = Omit<NetworkRecord, "id" | "createdAt" | "scope" | "pools" | "pending">;

const invalid = (message: string): EngineError => new EngineError("invalid", message);
const forbidden = (message: string): EngineError => new EngineError("forbidden", message);

/** Refuses what makes no network here, with the Engine's text. */
export function planNetwork(body: NetworkCreateBody): NetworkPlan {
  const { Name: name } = body;
  if (name === "") throw invalid("invalid name: ");
  if (isPredefined(name) || name === "default") {
    throw forbidden(`operation is not permitted on predefined ${name} network`);
  }
  checkKind(body);
  const driver = body.Driver === "" || body.Driver === "default" ? "bridge" : body.Driver;
  if (driver === "host" || driver === "null") {
    throw forbidden(`only one instance of "${driver}" network is allowed`);
  }
  const enableIPv4 = body.EnableIPv4 ?? true;
  if (!enableIPv4 && !body.EnableIPv6) throw invalid("IPv4 or IPv6 must be enabled");
  return {
    name,
    driver,
    enableIPv4,
    enableIPv6: body.EnableIPv6,
    internal: body.Internal,
    attachable: body.Attachable,
    ipam: {
      driver: body.IPAM.Driver === "" ? "default" : body.IPAM.Driver,
      options: body.IPAM.Options ?? {},
      config: body.IPAM.Config.map((entry) => checkedConfig(entry, body)),
    },
    options: body.Options,
    labels: body.Labels,
  };
}

function checkKind(body: NetworkCreateBody): void {
  if (body.Ingress) throw forbidden("Ingress network can only be global scope network");
  if (body.Scope === "swarm" || body.Scope === "global") {
    throw forbidden("cannot create a swarm scoped network when swarm is not active");
  }
  if (body.ConfigOnly || (body.ConfigFrom?.Network ?? "") !== "") {
    throw new EngineError(
      "not-implemented",
      "configuration-only networks are not supported: give each network its own configuration",
    );
  }
}

type WireConfig = NetworkCreateBody["IPAM"]["Config"][number];

/** Of any driver: what is no address, or in no subnet. The subnet itself is for the IPAM driver to judge. */
function checkedConfig(entry: WireConfig, { Driver, IPAM }: NetworkCreateBody): IpamConfig {
  const { Subnet: subnet, IPRange: ipRange, Gateway: gateway, AuxiliaryAddresses: auxAddresses } = entry;
  const network = parseCidr(subnet);
  const isOurs = (IPAM.Driver === "" || IPAM.Driver === "default") && Driver !== "null";
  if (isOurs && network === undefined) {
    throw invalid(`Invalid subnet ${subnet} : invalid CIDR address: ${subnet}`);
  }
  if (gateway !== "" && parseAddress(gateway) === undefined) {
    throw invalid(`invalid gateway address ${gateway} in Ipam configuration`);
  }
  for (const address of Object.values(auxAddresses)) {
    const parsed = parseAddress(address);
    if (parsed === undefined) throw invalid(`invalid auxiliary address ${address} in Ipam configuration`);
    if (network !== undefined && !contains(network, parsed)) {
      throw forbidden(
        `auxiliary address: (${auxName(auxAddresses, address)}:${address}) must belong to the master pool: ${subnet}`,
      );
    }
  }
  return { subnet, ipRange, gateway, auxAddresses };
}

const auxName = (addresses: Readonly<Record<string, string>>, wanted: string): string =>
  Object.entries(addresses).find(([, address]) => address === wanted)?.[0] ?? "";
