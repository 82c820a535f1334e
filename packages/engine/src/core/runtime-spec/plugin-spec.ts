import type { PluginMount } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import type { PluginRecord } from "../plugin/record.ts";
import { collectsMetrics } from "../plugin/served-types.ts";
import {
  allDevicesRule,
  defaultCapabilities,
  defaultDeviceRules,
  defaultMounts,
  defaultPath,
  deviceRulesFor,
  maskedPaths,
  readonlyPaths,
} from "./defaults.ts";
import { seccompProfile } from "./seccomp-profile.ts";
import type { DeviceRule, NamespaceType, RuntimeSpec, SpecDevice, SpecMount } from "./spec.ts";

/** What the host knows and the plugin's record does not. All paths are absolute and on the host. */
export interface PluginHost {
  readonly rootfs: string;
  /** Appears inside as `/run/docker/plugins`. A plugin whose `User.UID` is not 0 must own it to make its socket there. */
  readonly socketDir: string;
  /** Already a shared mount point; undefined if the plugin has no PropagatedMount. */
  readonly propagatedMount: string | undefined;
  /** The device nodes behind `Settings.Devices`, in their order, directories already resolved to nodes. */
  readonly devices: readonly SpecDevice[];
  /** A prepared network namespace to join, for `bridge`; undefined for a fresh one of its own. */
  readonly networkNamespace: string | undefined;
  /** The directory of the engine's metrics socket, given to plugins that collect metrics. */
  readonly metricsDir?: string;
  /** Hidden besides the default ones: the host's `thermal_throttle` directories. */
  readonly extraMaskedPaths?: readonly string[];
  /** False runs the plugin without a system call filter. */
  readonly seccomp?: boolean;
}

/** Where `metricsDir` appears. The socket is looked for beside it, at `metricsLink`, which must lead to the one in it. */
const metricsDirInside = "/run/docker/metrics";
export const metricsLink = { path: "/run/docker/metrics.sock", target: "metrics/metrics.sock" } as const;

/**
 * The runtime's specification of a plugin. The process runs as `User` of its config; for one that is not root,
 * the granted capabilities are ambient, since they would be lost when its program starts otherwise.
 */
export function pluginSpec(record: PluginRecord, host: PluginHost): RuntimeSpec {
  const { config, settings } = record;
  const { UID: uid, GID: gid } = config.User;
  const granted = config.Linux.Capabilities;
  const capabilities = [...defaultCapabilities, ...granted];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid, gid },
      args: [...config.Entrypoint, ...settings.Args],
      env: [defaultPath, ...settings.Env],
      cwd: config.WorkDir === "" ? "/" : config.WorkDir,
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: granted,
        ...(uid !== 0 && granted.length > 0 ? { ambient: granted } : {}),
      },
    },
    root: { path: host.rootfs },
    mounts: pluginMounts(record, host),
    linux: {
      resources: { devices: deviceRules(config.Linux.AllowAllDevices, host.devices) },
      namespaces: namespaces(record, host),
      devices: host.devices,
      ...(host.propagatedMount === undefined ? {} : { rootfsPropagation: "rshared" }),
      maskedPaths: [...maskedPaths, ...(host.extraMaskedPaths ?? [])],
      readonlyPaths,
      ...(host.seccomp === false ? {} : { seccomp: seccompProfile(capabilities) }),
    },
  };
}

function pluginMounts({ config, settings }: PluginRecord, host: PluginHost): readonly SpecMount[] {
  const own = config.Mounts.map((mount, index) => configuredMount(mount, index, settings.Mounts));
  const replaced = new Set(own.map((mount) => mount.destination).filter((path) => path.startsWith("/dev/")));
  const mounts = defaultMounts.filter((mount) => !replaced.has(mount.destination));
  if (host.propagatedMount !== undefined) {
    mounts.push(bind(host.propagatedMount, config.PropagatedMount, ["rbind", "rw", "rshared"]));
  }
  mounts.push(...own, bind(host.socketDir, "/run/docker/plugins", ["rbind", "rshared"]));
  if (config.Network.Type !== "") {
    for (const path of ["/etc/hosts", "/etc/resolv.conf"]) mounts.push(bind(path, path, ["rbind", "ro"]));
  }
  // A mount of the socket itself would go on showing the old one when the engine is started anew and makes another.
  if (host.metricsDir !== undefined && collectsMetrics(config)) {
    mounts.push(bind(host.metricsDir, metricsDirInside, ["bind", "ro"]));
  }
  return mounts;
}

const bind = (source: string, destination: string, options: readonly string[]): SpecMount => ({
  destination,
  type: "bind",
  source,
  options,
});

function configuredMount(mount: PluginMount, index: number, settings: readonly PluginMount[]): SpecMount {
  // Names need not be unique, so the setting in the same place wins over the first of that name.
  const inPlace = settings[index];
  const setting =
    inPlace?.Name === mount.Name ? inPlace : settings.find((candidate) => candidate.Name === mount.Name);
  const source = setting?.Source ?? mount.Source;
  if (source === undefined) throw new EngineError("internal", "mount source is not specified");
  return { destination: mount.Destination, type: mount.Type, source, options: mount.Options };
}

function deviceRules(allowAll: boolean, devices: readonly SpecDevice[]): readonly DeviceRule[] {
  const base = allowAll ? [allDevicesRule] : defaultDeviceRules;
  return [...base, ...deviceRulesFor(devices)];
}

function namespaces({ config }: PluginRecord, host: PluginHost): RuntimeSpec["linux"]["namespaces"] {
  const path = host.networkNamespace;
  const result: { type: NamespaceType; path?: string }[] = [{ type: "mount" }];
  if (config.Network.Type !== "host") {
    result.push({ type: "network", ...(path === undefined ? {} : { path }) });
  }
  result.push({ type: "uts" });
  if (!config.PidHost) result.push({ type: "pid" });
  if (!config.IpcHost) result.push({ type: "ipc" });
  return result;
}
