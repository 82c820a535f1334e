import type { PluginRecord } from "../plugin/record.ts";
import type { RuntimeSpec, SpecDevice } from "./spec.ts";

/** What the host knows and the plugin's record does not. All paths are absolute and on the host. */
export interface PluginHost {
  readonly rootfs: string;
  /** Appears inside as `/run/docker/plugins`. */
  readonly socketDir: string;
  /** Already a shared mount point; undefined if the plugin has no PropagatedMount. */
  readonly propagatedMount: string | undefined;
  /** The device nodes behind `Settings.Devices`, in their order, directories already resolved to nodes. */
  readonly devices: readonly SpecDevice[];
  /** A prepared network namespace to join, for `bridge`; undefined for a fresh one of its own. */
  readonly networkNamespace: string | undefined;
}

export declare function pluginSpec(record: PluginRecord, host: PluginHost): RuntimeSpec;
