import * as z from "zod";
import { goList, goObject, goStringMap } from "../json.ts";

// https://github.com/moby/moby/blob/v28.5.2/libnetwork/docs/remote.md

const err = z.string().default("");
const text = z.string().default("");
const flag = z.boolean().default(false);

/** Free-form JSON, keys as they are. */
const options = z.preprocess((value) => value ?? {}, z.record(z.string(), z.unknown()));

/** A pool and the addresses taken from it for the network itself; all in CIDR notation. */
const ipamData = goObject({
  AddressSpace: text,
  Pool: text,
  Gateway: text,
  AuxAddresses: goStringMap,
});

const interfaceAddresses = goObject({ Address: text, AddressIPv6: text, MacAddress: text });

const network = { NetworkID: z.string() };
const endpoint = { NetworkID: z.string(), EndpointID: z.string() };
const nodeDiscovery = goObject({
  DiscoveryType: z.number().int(),
  DiscoveryData: goObject({ Address: text, BindAddress: text, Self: flag }).optional(),
});

const port = z.number().int().min(0).max(65535);

/** What endpoints' options hold of ports; `Proto` is the number of an IP protocol. */
export const portOptions = {
  exposed: {
    key: "com.docker.network.endpoint.exposedports",
    schema: goList(goObject({ Proto: z.number().int(), Port: port })),
  },
  published: {
    key: "com.docker.network.portmap",
    schema: goList(
      goObject({
        Proto: z.number().int(),
        IP: text,
        Port: port,
        HostIP: text,
        HostPort: port.default(0),
        HostPortEnd: port.default(0),
      }),
    ),
  },
} as const;

/** How a static route is reached. */
export const routeTypes = { nextHop: 0, connected: 1 } as const;

const staticRoute = goObject({
  Destination: text,
  RouteType: z.number().int().default(routeTypes.nextHop),
  NextHop: text,
});

export const networkDriverRequests = {
  "NetworkDriver.GetCapabilities": goObject({}),
  "NetworkDriver.GwAllocCheck": goObject({ Options: options }),
  "NetworkDriver.AllocateNetwork": goObject({
    ...network,
    Options: goStringMap,
    IPv4Data: goList(ipamData),
    IPv6Data: goList(ipamData),
  }),
  "NetworkDriver.FreeNetwork": goObject(network),
  "NetworkDriver.CreateNetwork": goObject({
    ...network,
    Options: options,
    IPv4Data: goList(ipamData),
    IPv6Data: goList(ipamData),
  }),
  "NetworkDriver.DeleteNetwork": goObject(network),
  "NetworkDriver.CreateEndpoint": goObject({
    ...endpoint,
    Interface: interfaceAddresses.optional(),
    Options: options,
  }),
  "NetworkDriver.EndpointOperInfo": goObject(endpoint),
  "NetworkDriver.DeleteEndpoint": goObject(endpoint),
  "NetworkDriver.Join": goObject({ ...endpoint, SandboxKey: z.string(), Options: options }),
  "NetworkDriver.Leave": goObject(endpoint),
  "NetworkDriver.ProgramExternalConnectivity": goObject({ ...endpoint, Options: options }),
  "NetworkDriver.RevokeExternalConnectivity": goObject(endpoint),
  "NetworkDriver.DiscoverNew": nodeDiscovery,
  "NetworkDriver.DiscoverDelete": nodeDiscovery,
} as const;

const done = goObject({ Err: err });

export const networkDriverResponses = {
  "NetworkDriver.GetCapabilities": goObject({
    Scope: text,
    ConnectivityScope: text,
    GwAllocChecker: flag,
    Err: err,
  }),
  "NetworkDriver.GwAllocCheck": goObject({ SkipIPv4: flag, SkipIPv6: flag, Err: err }),
  "NetworkDriver.AllocateNetwork": goObject({ Options: goStringMap, Err: err }),
  "NetworkDriver.FreeNetwork": done,
  "NetworkDriver.CreateNetwork": done,
  "NetworkDriver.DeleteNetwork": done,
  "NetworkDriver.CreateEndpoint": goObject({ Interface: interfaceAddresses.optional(), Err: err }),
  "NetworkDriver.EndpointOperInfo": goObject({ Value: options, Err: err }),
  "NetworkDriver.DeleteEndpoint": done,
  "NetworkDriver.Join": goObject({
    InterfaceName: goObject({ SrcName: text, DstName: text, DstPrefix: text }).optional(),
    Gateway: text,
    GatewayIPv6: text,
    StaticRoutes: goList(staticRoute),
    DisableGatewayService: flag,
    Err: err,
  }),
  "NetworkDriver.Leave": done,
  "NetworkDriver.ProgramExternalConnectivity": done,
  "NetworkDriver.RevokeExternalConnectivity": done,
  "NetworkDriver.DiscoverNew": done,
  "NetworkDriver.DiscoverDelete": done,
} as const;
