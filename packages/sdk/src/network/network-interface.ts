import { networkDriverRequests as requests, routeTypes } from "@davit/protocol";
import type * as z from "zod";
import { type DriverInterface, type RpcMethod, rpcMethod } from "../rpc/rpc-method.ts";
import type {
  ChosenAddresses,
  JoinAnswer,
  NetworkDriver,
  NetworkPool,
  NodeNotice,
} from "./network-driver.ts";

const query = { query: true };
const change = { query: false };

/** The wire side of a network driver. https://github.com/moby/moby/blob/v28.5.2/libnetwork/docs/remote.md */
export const networkInterface = (driver: NetworkDriver): DriverInterface => ({
  name: "NetworkDriver",
  methods: {
    "NetworkDriver.GetCapabilities": rpcMethod(
      requests["NetworkDriver.GetCapabilities"],
      async () => {
        const scope = driver.scope ?? "local";
        return {
          Scope: scope,
          ConnectivityScope: driver.connectivityScope ?? scope,
          GwAllocChecker: driver.checkGateway !== undefined,
        };
      },
      query,
    ),
    ...networkMethods(driver),
    ...endpointMethods(driver),
    ...connectivityMethods(driver),
    ...clusterMethods(driver),
  },
});

const networkMethods = (driver: NetworkDriver): Record<string, RpcMethod> => ({
  "NetworkDriver.CreateNetwork": rpcMethod(
    requests["NetworkDriver.CreateNetwork"],
    async ({ NetworkID, Options, IPv4Data, IPv6Data }, call) => {
      const generic = Options["com.docker.network.generic"];
      const request = {
        networkId: NetworkID,
        options: isObject(generic) ? generic : {},
        internal: Options["com.docker.network.internal"] === true,
        ipv6: Options["com.docker.network.enable_ipv6"] === true,
        ipv4Pools: IPv4Data.map(poolOf),
        ipv6Pools: IPv6Data.map(poolOf),
        engineOptions: Options,
      };
      await driver.createNetwork(request, call);
      return {};
    },
    change,
  ),
  "NetworkDriver.DeleteNetwork": rpcMethod(
    requests["NetworkDriver.DeleteNetwork"],
    async ({ NetworkID }, call) => {
      await driver.deleteNetwork({ networkId: NetworkID }, call);
      return {};
    },
    change,
  ),
});

const endpointMethods = (driver: NetworkDriver): Record<string, RpcMethod> => ({
  "NetworkDriver.CreateEndpoint": rpcMethod(
    requests["NetworkDriver.CreateEndpoint"],
    async ({ Interface, Options, ...ids }, call) => {
      const given = givenAddresses(Interface);
      const chosen = await driver.createEndpoint({ ...idsOf(ids), given, options: Options }, call);
      return { Interface: wireAddresses(given, chosen ?? {}) };
    },
    change,
  ),
  "NetworkDriver.DeleteEndpoint": rpcMethod(
    requests["NetworkDriver.DeleteEndpoint"],
    async (ids, call) => {
      await driver.deleteEndpoint(idsOf(ids), call);
      return {};
    },
    change,
  ),
  "NetworkDriver.EndpointOperInfo": rpcMethod(
    requests["NetworkDriver.EndpointOperInfo"],
    async (ids, call) => ({ Value: (await driver.endpointInfo?.(idsOf(ids), call)) ?? {} }),
    query,
  ),
  "NetworkDriver.Join": rpcMethod(
    requests["NetworkDriver.Join"],
    async ({ SandboxKey, Options, ...ids }, call) =>
      wireJoin(await driver.join({ ...idsOf(ids), sandboxKey: SandboxKey, options: Options }, call)),
    change,
  ),
  "NetworkDriver.Leave": rpcMethod(
    requests["NetworkDriver.Leave"],
    async (ids, call) => {
      await driver.leave(idsOf(ids), call);
      return {};
    },
    change,
  ),
});

const connectivityMethods = (driver: NetworkDriver): Record<string, RpcMethod> => ({
  "NetworkDriver.ProgramExternalConnectivity": rpcMethod(
    requests["NetworkDriver.ProgramExternalConnectivity"],
    async ({ Options, ...ids }, call) => {
      await driver.programExternalConnectivity?.({ ...idsOf(ids), options: Options }, call);
      return {};
    },
    change,
  ),
  "NetworkDriver.RevokeExternalConnectivity": rpcMethod(
    requests["NetworkDriver.RevokeExternalConnectivity"],
    async (ids, call) => {
      await driver.revokeExternalConnectivity?.(idsOf(ids), call);
      return {};
    },
    change,
  ),
  "NetworkDriver.GwAllocCheck": rpcMethod(
    requests["NetworkDriver.GwAllocCheck"],
    async ({ Options }, call) => {
      const check = await driver.checkGateway?.({ options: Options }, call);
      return { SkipIPv4: check?.skipIPv4 ?? false, SkipIPv6: check?.skipIPv6 ?? false };
    },
    query,
  ),
});

/** What only a cluster asks; a driver that does not care has nothing to do. */
const clusterMethods = (driver: NetworkDriver): Record<string, RpcMethod> => ({
  "NetworkDriver.AllocateNetwork": rpcMethod(
    requests["NetworkDriver.AllocateNetwork"],
    async ({ NetworkID, Options, IPv4Data, IPv6Data }, call) => {
      const request = {
        networkId: NetworkID,
        options: Options,
        ipv4Pools: IPv4Data.map(poolOf),
        ipv6Pools: IPv6Data.map(poolOf),
      };
      return { Options: (await driver.allocateNetwork?.(request, call)) ?? {} };
    },
    change,
  ),
  "NetworkDriver.FreeNetwork": rpcMethod(
    requests["NetworkDriver.FreeNetwork"],
    async ({ NetworkID }, call) => {
      await driver.freeNetwork?.({ networkId: NetworkID }, call);
      return {};
    },
    change,
  ),
  "NetworkDriver.DiscoverNew": rpcMethod(
    requests["NetworkDriver.DiscoverNew"],
    async ({ DiscoveryData }, call) => {
      await driver.nodeCame?.(noticeOf(DiscoveryData), call);
      return {};
    },
    change,
  ),
  "NetworkDriver.DiscoverDelete": rpcMethod(
    requests["NetworkDriver.DiscoverDelete"],
    async ({ DiscoveryData }, call) => {
      await driver.nodeWent?.(noticeOf(DiscoveryData), call);
      return {};
    },
    change,
  ),
});

type CreateNetwork = z.output<(typeof requests)["NetworkDriver.CreateNetwork"]>;
type WireInterface = z.output<(typeof requests)["NetworkDriver.CreateEndpoint"]>["Interface"];
type WireNode = z.output<(typeof requests)["NetworkDriver.DiscoverNew"]>["DiscoveryData"];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const idsOf = ({ NetworkID, EndpointID }: { readonly NetworkID: string; readonly EndpointID: string }) => ({
  networkId: NetworkID,
  endpointId: EndpointID,
});

const poolOf = ({
  AddressSpace,
  Pool,
  Gateway,
  AuxAddresses,
}: CreateNetwork["IPv4Data"][number]): NetworkPool => ({
  addressSpace: AddressSpace,
  pool: Pool,
  auxAddresses: AuxAddresses,
  ...(Gateway !== "" && { gateway: Gateway }),
});

const givenAddresses = (wire: WireInterface): ChosenAddresses => ({
  ...(wire !== undefined && wire.Address !== "" && { address: wire.Address }),
  ...(wire !== undefined && wire.AddressIPv6 !== "" && { addressIPv6: wire.AddressIPv6 }),
  ...(wire !== undefined && wire.MacAddress !== "" && { macAddress: wire.MacAddress }),
});

/** What was given and comes back as it was is left out: engines take any answer to it for a change. */
function wireAddresses(given: ChosenAddresses, chosen: ChosenAddresses): object {
  const open = (key: keyof ChosenAddresses): string =>
    chosen[key] === given[key] ? "" : (chosen[key] ?? "");
  return { Address: open("address"), AddressIPv6: open("addressIPv6"), MacAddress: open("macAddress") };
}

const wireJoin = (answer: JoinAnswer): object => ({
  ...(answer.interface !== undefined && {
    InterfaceName: { SrcName: answer.interface.source, DstPrefix: answer.interface.prefix },
  }),
  Gateway: answer.gateway ?? "",
  GatewayIPv6: answer.gatewayIPv6 ?? "",
  StaticRoutes: (answer.staticRoutes ?? []).map(({ destination, nextHop }) => ({
    Destination: destination,
    RouteType: nextHop === undefined ? routeTypes.connected : routeTypes.nextHop,
    NextHop: nextHop ?? "",
  })),
  DisableGatewayService: answer.disableGatewayService ?? false,
});

const noticeOf = (node: WireNode): NodeNotice => ({
  address: node?.Address ?? "",
  bindAddress: node?.BindAddress ?? "",
  isSelf: node?.Self ?? false,
});
