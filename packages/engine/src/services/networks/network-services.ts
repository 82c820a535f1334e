import type { EventPublisher } from "../../core/events.ts";
import type { Host } from "../../core/ports/host.ts";
import type { HostPorts } from "../../core/ports/host-ports.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { NameServers } from "../../core/ports/name-servers.ts";
import type { Sandboxes } from "../../core/ports/sandboxes.ts";
import type { State } from "../../core/ports/state.ts";
import type { ContainerConnections } from "../containers/container-connections.ts";
import { ContainerNetworks } from "./container-networks.ts";
import type { IpamDriverLookup, NetworkDriverLookup } from "./driver-lookup.ts";
import { EndpointKeeper } from "./endpoint-keeper.ts";
import { GatewayKeeper } from "./gateway-keeper.ts";
import { NameService } from "./name-service.ts";
import { NetworkAddresses } from "./network-addresses.ts";
import { Networks } from "./networks.ts";
import { PluginNetworks } from "./plugin-networks.ts";
import { PortChooser } from "./port-chooser.ts";
import { RemindedIpamDrivers } from "./reminded-ipam-drivers.ts";

/** What the API needs of networks. */
export interface NetworkServices {
  readonly networks: Networks;
  readonly connections: ContainerConnections;
  readonly names: NameService;
}

export interface NetworkPorts {
  readonly state: State;
  readonly drivers: NetworkDriverLookup;
  readonly ipamDrivers: IpamDriverLookup;
  readonly sandboxes: Sandboxes;
  readonly hostPorts: HostPorts;
  readonly nameServers: NameServers;
  readonly host: Pick<Host, "readSmallFile">;
  readonly events: EventPublisher;
  readonly logger: Logger;
}

/** The services for networks, made of the ports. */
export function networkServices(given: NetworkPorts) {
  const addresses = new NetworkAddresses(new RemindedIpamDrivers(given.ipamDrivers, given), given.logger);
  const endpoints = new EndpointKeeper({ ...given, addresses });
  const ports = { ...given, addresses, endpoints };
  const portChooser = new PortChooser(given.hostPorts, given.state);
  const gateways = new GatewayKeeper({ ...ports, portChooser });
  const networks = new Networks(ports);
  const names = new NameService(given);
  return {
    networks,
    ofContainers: new ContainerNetworks({ ...ports, networks, gateways, names }),
    names,
    ofPlugins: new PluginNetworks({ ...ports, gateways }),
  };
}
