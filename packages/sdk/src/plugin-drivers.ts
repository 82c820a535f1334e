import { authorizationInterface } from "./authz/authorization-interface.ts";
import type { Authorizer } from "./authz/authorizer.ts";
import type { IpamDriver } from "./ipam/ipam-driver.ts";
import { ipamInterface } from "./ipam/ipam-interface.ts";
import type { PluginLogger } from "./line-logger.ts";
import type { LogDriver } from "./log/log-driver.ts";
import { logInterface } from "./log/log-interface.ts";
import type { MetricsCollector } from "./metrics/metrics-collector.ts";
import { metricsInterface } from "./metrics/metrics-interface.ts";
import type { NetworkDriver } from "./network/network-driver.ts";
import { networkInterface } from "./network/network-interface.ts";
import type { DriverInterface } from "./rpc/rpc-method.ts";
import type { VolumeDriver } from "./volume/volume-driver.ts";
import { volumeInterface } from "./volume/volume-interface.ts";

/** What one plugin offers: at least one driver. */
export interface PluginDrivers {
  readonly volumeDriver?: VolumeDriver;
  readonly networkDriver?: NetworkDriver;
  readonly ipamDriver?: IpamDriver;
  readonly metricsCollector?: MetricsCollector;
  readonly authorizer?: Authorizer;
  readonly logDriver?: LogDriver;
}

/** The place where a further kind of driver is added. */
export function interfacesOf(drivers: PluginDrivers, logger: PluginLogger): readonly DriverInterface[] {
  const interfaces: DriverInterface[] = [];
  if (drivers.volumeDriver !== undefined) interfaces.push(volumeInterface(drivers.volumeDriver));
  if (drivers.networkDriver !== undefined) interfaces.push(networkInterface(drivers.networkDriver));
  if (drivers.ipamDriver !== undefined) interfaces.push(ipamInterface(drivers.ipamDriver));
  if (drivers.metricsCollector !== undefined) interfaces.push(metricsInterface(drivers.metricsCollector));
  if (drivers.authorizer !== undefined) interfaces.push(authorizationInterface(drivers.authorizer));
  if (drivers.logDriver !== undefined) interfaces.push(logInterface(drivers.logDriver, logger));
  if (interfaces.length === 0) throw new TypeError("serve plugin: no driver given");
  return interfaces;
}
