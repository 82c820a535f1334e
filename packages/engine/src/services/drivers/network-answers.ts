import { type networkDriverResponses, routeTypes } from "@davit/protocol";
import type * as z from "zod";
import { EngineError } from "../../core/errors.ts";
import type { EndpointAddresses, JoinInfo, StaticRoute } from "../../core/ports/network-driver.ts";
import { canonicalMac, isAddress, isCidr } from "./addresses.ts";

type Responses = typeof networkDriverResponses;
type ChosenInterface = z.output<Responses["NetworkDriver.CreateEndpoint"]>["Interface"];
type JoinAnswer = z.output<Responses["NetworkDriver.Join"]>;
type AnsweredRoute = JoinAnswer["StaticRoutes"][number];

const wrong = (message: string): EngineError => new EngineError("internal", message);

export function readScope(scope: string): "local" | "global" {
  if (scope === "local" || scope === "global") return scope;
  throw wrong(`invalid capability: expecting 'local' or 'global', got ${scope}`);
}

/** What a driver has chosen, which must have been open. */
export function readChosenAddresses(
  given: EndpointAddresses,
  chosen: ChosenInterface = { Address: "", AddressIPv6: "", MacAddress: "" },
): EndpointAddresses {
  const { Address, AddressIPv6, MacAddress } = chosen;
  const macAddress = MacAddress === "" ? undefined : canonicalMac(MacAddress);
  if (MacAddress !== "" && macAddress === undefined)
    throw wrong(`address ${MacAddress}: invalid MAC address`);
  if (Address !== "" && !isCidr(Address, 4)) throw wrong(`invalid CIDR address: ${Address}`);
  if (AddressIPv6 !== "" && !isCidr(AddressIPv6, 6)) throw wrong(`invalid CIDR address: ${AddressIPv6}`);
  if (macAddress !== undefined && given.macAddress !== undefined) {
    throw wrong(
      `driver modified interface MAC address: endpoint interface MAC address present (${given.macAddress}). Cannot be modified with ${macAddress}.`,
    );
  }
  refuseModified(given.address, Address);
  refuseModified(given.addressIPv6, AddressIPv6);
  return {
    ...(Address !== "" && { address: Address }),
    ...(AddressIPv6 !== "" && { addressIPv6: AddressIPv6 }),
    ...(macAddress !== undefined && { macAddress }),
  };
}

function refuseModified(given: string | undefined, chosen: string): void {
  if (given === undefined || chosen === "") return;
  throw wrong(
    `driver modified interface address: endpoint interface IP present (${given}). Cannot be modified with (${chosen}).`,
  );
}

/** How a container is joined; DstName means nothing, as in Docker Engine. */
export function readJoinInfo(answer: JoinAnswer): JoinInfo {
  const { Gateway, GatewayIPv6 } = answer;
  if (Gateway !== "" && !isAddress(Gateway)) throw wrong(`unable to parse Gateway "${Gateway}"`);
  if (GatewayIPv6 !== "" && !isAddress(GatewayIPv6)) {
    throw wrong(`unable to parse GatewayIPv6 "${GatewayIPv6}"`);
  }
  return {
    interface: readInterface(answer.InterfaceName),
    ...(Gateway !== "" && { gateway: Gateway }),
    ...(GatewayIPv6 !== "" && { gatewayIPv6: GatewayIPv6 }),
    staticRoutes: answer.StaticRoutes.map(readRoute),
    disableGatewayService: answer.DisableGatewayService,
  };
}

function readInterface(names: JoinAnswer["InterfaceName"]): JoinInfo["interface"] {
  if (names === undefined || names.SrcName === "") return { kind: "none" };
  const { SrcName: source, DstPrefix: prefix } = names;
  if (!isInterfaceName(source)) throw wrong(`invalid interface name: ${JSON.stringify(source)}`);
  // A number of up to two digits follows.
  if (!isInterfaceName(`${prefix}99`)) throw wrong(`invalid interface prefix: ${JSON.stringify(prefix)}`);
  return { kind: "move", source, prefix };
}

/** As Linux has it: at most 15 bytes, no slashes, colons or blanks. */
const isInterfaceName = (name: string): boolean =>
  /^[^\s/:\0]+$/.test(name) && new TextEncoder().encode(name).length <= 15 && name !== "." && name !== "..";

function readRoute({ Destination, RouteType, NextHop }: AnsweredRoute): StaticRoute {
  if (!isCidr(Destination)) throw wrong(`invalid CIDR address: ${Destination}`);
  if (RouteType === routeTypes.connected) return { destination: Destination };
  if (RouteType !== routeTypes.nextHop) {
    throw wrong(`static route to ${Destination} has the unknown type ${String(RouteType)}`);
  }
  if (!isAddress(NextHop)) throw wrong(`failed to parse nexthop IP ${NextHop}`);
  return { destination: Destination, nextHop: NextHop };
}
