import type { ContainerCreateBody, HostConfig, ImageConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import { shortId } from "../identifiers.ts";
import { checkLogConfig, type LogConfig, withLogDefaults } from "../log/log-config.ts";
import { plannedNetworks } from "../network/container-network.ts";
import type { ContainerNetwork } from "../network/record.ts";
import { capabilities } from "./capabilities.ts";
import { type ControlGroups, checkLimits } from "./limits.ts";
import { planLinks } from "./links.ts";
import { checkModes, parseNetworkMode, sharedContainer, withIds } from "./modes.ts";
import { mergeConfig } from "./plan-config.ts";
import { type PlannedMount, planMounts } from "./planned-mount.ts";
import { wantedPorts } from "./published-ports.ts";
import type {
  ContainerConfig,
  ContainerLink,
  ContainerRecord,
  NetworkMode,
  RequestedSecurity,
} from "./record.ts";
import { checkRestartPolicy } from "./restart-policy.ts";
import { parseSecurityOptions } from "./security-options.ts";
import { inheritedMounts } from "./volumes-from.ts";

/** A container that was asked for, as far as it follows from the request, the image and what there is already. */
export interface ContainerPlan {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkMode: NetworkMode;
  readonly networks: readonly ContainerNetwork[];
  readonly links: readonly ContainerLink[];
  readonly security: RequestedSecurity;
  readonly shmSizeBytes: number;
  readonly autoRemove: boolean;
  readonly mounts: readonly PlannedMount[];
  /** What the client should know, a sentence each. */
  readonly warnings: readonly string[];
}

/** What a plan depends on besides the request and the image. */
export interface PlanSurroundings {
  readonly id: string;
  readonly hostOfEngine: string;
  readonly groups: ControlGroups;
  /** The daemon's. */
  readonly logDefaults: LogConfig;
  /** The container of that name or ID; throws for one that there is not. */
  readonly find: (typed: string) => ContainerRecord;
}

const defaultShmBytes = 64 * 1024 * 1024;

/** Merges a request with its image's defaults; invalid with the Engine's text where they make no container. */
export function planContainer(
  body: ContainerCreateBody,
  image: ImageConfig,
  around: PlanSurroundings,
): ContainerPlan {
  const networkMode = parseNetworkMode(body);
  checkModes(body);
  checkSupported(body.HostConfig);
  const { host, warnings } = checkLimits(body.HostConfig, around.groups);
  const modes = withIds(host, (typed) => around.find(typed).id);
  const config = mergeConfig(body, image, hostnameFor(networkMode, host, around));
  if (host.AutoRemove && !["", "no"].includes(host.RestartPolicy.Name)) {
    throw new EngineError("invalid", "can't create 'AutoRemove' container with restart policy");
  }
  checkRestartPolicy(host.RestartPolicy);
  const options = parseSecurityOptions(host);
  const security: RequestedSecurity = {
    privileged: host.Privileged,
    readOnlyRootfs: host.ReadonlyRootfs,
    capAdd: host.CapAdd,
    capDrop: host.CapDrop,
    noNewPrivileges: options.noNewPrivileges,
  };
  // Both fail on what could not be started.
  capabilities(security);
  wantedPorts(host, config.exposedPorts);
  const shmSizeBytes = host.ShmSize === 0 ? defaultShmBytes : host.ShmSize;
  if (shmSizeBytes < 0) throw new EngineError("invalid", "SHM size can not be less than 0");
  return {
    config,
    hostConfig: {
      ...host,
      ...modes,
      // Kept as `links`: names may change.
      Links: [],
      NetworkMode: networkModeText(networkMode, modes.NetworkMode),
      ShmSize: shmSizeBytes,
      RestartPolicy: { ...host.RestartPolicy, Name: host.RestartPolicy.Name || "no" },
      LogConfig: logConfig(host.LogConfig, around.logDefaults),
      IpcMode: modes.IpcMode || "private",
      CgroupnsMode:
        host.CgroupnsMode || (host.Privileged || around.groups.version === "1" ? "host" : "private"),
    },
    networkMode,
    networks: plannedNetworks(body),
    links: planLinks(host.Links, networkMode, around.find),
    security,
    shmSizeBytes,
    autoRemove: host.AutoRemove,
    mounts: planMounts({
      binds: host.Binds,
      mounts: host.Mounts,
      tmpfs: host.Tmpfs,
      volumeDriver: host.VolumeDriver,
      volumes: config.volumes,
      inherited: host.VolumesFrom.map((text) => inheritedMounts(text, around.find)),
    }),
    warnings: [
      ...warnings,
      ...options.ignored.map((option) => `The security option ${option} is not supported and was ignored.`),
      ...ignoredOptions(host).map((option) => `${option} is not supported and was ignored.`),
    ],
  };
}

function logConfig(asked: LogConfig, defaults: LogConfig): LogConfig {
  const config = withLogDefaults(asked, defaults);
  checkLogConfig(config);
  return config;
}

const networkModeText = (networkMode: NetworkMode, asked: string): string => {
  if (networkMode === "container" || networkMode === "network") return asked;
  return networkMode === "bridge" ? asked || "default" : networkMode;
};

/** Of a container whose request names none. */
function hostnameFor(networkMode: NetworkMode, host: HostConfig, around: PlanSurroundings): string {
  if (networkMode === "container")
    return around.find(sharedContainer(host.NetworkMode) ?? "").config.hostname;
  return networkMode === "host" || host.UTSMode === "host" ? around.hostOfEngine : shortId(around.id);
}

/** Refuses what must not be ignored: the container would do without a limit or a device that it counts on. */
function checkSupported(host: HostConfig): void {
  if (Object.keys(host.StorageOpt).length > 0) {
    throw new EngineError(
      "not-implemented",
      "--storage-opt is not supported: the size of a container's root file system cannot be limited",
    );
  }
  const [request] = host.DeviceRequests;
  if (request !== undefined) {
    const wanted = request.Capabilities.map((all) => `[${all.join(" ")}]`).join(" ");
    throw new EngineError(
      "not-implemented",
      `could not select device driver "${request.Driver}" with capabilities: [${wanted}]`,
    );
  }
  if (!["", "runc", "io.containerd.runc.v2"].includes(host.Runtime)) {
    throw new EngineError("invalid", `unknown or invalid runtime name: ${host.Runtime}`);
  }
  if (!["", "default"].includes(host.Isolation)) {
    throw new EngineError("invalid", `invalid isolation '${host.Isolation}' on linux`);
  }
}

/** Options that would make the container another one, were they honoured. */
function ignoredOptions(host: HostConfig): readonly string[] {
  const given: Record<string, boolean> = {
    "Limiting the CPUs by percent": host.CpuPercent > 0,
    "Counting CPUs": host.CpuCount > 0,
    "Limiting system I/O": host.IOMaximumIOps > 0 || host.IOMaximumBandwidth > 0,
  };
  return Object.entries(given).flatMap(([name, isGiven]) => (isGiven ? [name] : []));
}
