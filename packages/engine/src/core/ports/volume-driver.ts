import type { DriverVolume } from "@davit/protocol";
import type { DriverCall } from "./driver-call.ts";

/** One driver of volumes, ours or a plugin's. Paths are the host's; `mountpoint` is "" where the driver does not say. */
export interface VolumeDriver {
  readonly name: string;
  capabilities(call?: DriverCall): Promise<{ readonly scope: "local" | "global" }>;
  create(name: string, options: Readonly<Record<string, string>>, call?: DriverCall): Promise<void>;
  remove(name: string, call?: DriverCall): Promise<void>;
  /** Answers the absolute path on the host; `mountId` names this use until its `unmount`. */
  mount(name: string, mountId: string, call?: DriverCall): Promise<string>;
  unmount(name: string, mountId: string, call?: DriverCall): Promise<void>;
  /** Undefined if the driver knows no such volume; other failures throw. */
  get(name: string, call?: DriverCall): Promise<DriverVolume | undefined>;
  list(call?: DriverCall): Promise<readonly DriverVolume[]>;
}
