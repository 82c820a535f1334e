import type { DriverInterface } from "./rpc/rpc-method.ts";
import type { VolumeDriver } from "./volume/volume-driver.ts";
import { volumeInterface } from "./volume/volume-interface.ts";

/** What one plugin offers: at least one driver. */
export interface PluginDrivers {
  readonly volumeDriver?: VolumeDriver;
}

/** The place where a further kind of driver is added. */
export function interfacesOf(drivers: PluginDrivers): readonly DriverInterface[] {
  const interfaces: DriverInterface[] = [];
  if (drivers.volumeDriver !== undefined) interfaces.push(volumeInterface(drivers.volumeDriver));
  if (interfaces.length === 0) throw new TypeError("serve plugin: no driver given");
  return interfaces;
}
