import type { ContainerCreateBody, HostConfig, ImageConfig } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import { shortId } from "../identifiers.ts";
import { capabilities } from "./capabilities.ts";
import { type PlannedMount, planMounts } from "./planned-mount.ts";
import { publishedPorts } from "./published-ports.ts";
import type { ContainerConfig, ContainerRecord, RequestedSecurity } from "./record.ts";
import { signalNumber } from "./signal.ts";

/** A container that was asked for, as far as it follows from the request and the image alone. */
export interface ContainerPlan {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkMode: ContainerRecord["networkMode"];
  readonly security: RequestedSecurity;
  readonly shmSizeBytes: number;
  readonly autoRemove: boolean;
  readonly mounts: readonly PlannedMount[];
  /** What the client should know, a sentence each. */
  readonly warnings: readonly string[];
}

const defaultShmBytes = 64 * 1024 * 1024;
const defaultStopSeconds = 10;

/** Merges a request with its image's defaults; invalid with the Engine's text where they make no container. */
export function planContainer(
  body: ContainerCreateBody,
  image: ImageConfig,
  names: { readonly id: string; readonly hostOfEngine: string },
): ContainerPlan {
  const networkMode = parseNetworkMode(body);
  const hostname = networkMode === "host" ? names.hostOfEngine : shortId(names.id);
  const config = mergeConfig(body, image, hostname);
  const host = body.HostConfig;
  if (host.AutoRemove && !["", "no"].includes(host.RestartPolicy.Name)) {
    throw new EngineError("invalid", "can't create 'AutoRemove' container with restart policy");
  }
  if (host.VolumesFrom.length > 0) {
    throw new EngineError("not-implemented", "volumes from other containers are not supported");
  }
  const security: RequestedSecurity = {
    privileged: host.Privileged,
    readOnlyRootfs: host.ReadonlyRootfs,
    capAdd: host.CapAdd,
    capDrop: host.CapDrop,
    noNewPrivileges: host.SecurityOpt.some((option) => /^no-new-privileges([:=]true)?$/.test(option)),
  };
  // Both fail on what could not be started.
  capabilities(security);
  publishedPorts(host);
  const shmSizeBytes = host.ShmSize === 0 ? defaultShmBytes : host.ShmSize;
  if (shmSizeBytes < 0) throw new EngineError("invalid", "SHM size can not be less than 0");
  return {
    config,
    hostConfig: {
      ...host,
      NetworkMode: networkMode === "bridge" ? host.NetworkMode || "default" : networkMode,
      ShmSize: shmSizeBytes,
      RestartPolicy: { ...host.RestartPolicy, Name: host.RestartPolicy.Name || "no" },
      LogConfig: { ...host.LogConfig, Type: host.LogConfig.Type || "json-file" },
      IpcMode: host.IpcMode || "private",
    },
    networkMode,
    security,
    shmSizeBytes,
    autoRemove: host.AutoRemove,
    mounts: planMounts({
      binds: host.Binds,
      mounts: host.Mounts,
      tmpfs: host.Tmpfs,
      volumeDriver: host.VolumeDriver,
      volumes: config.volumes,
    }),
    warnings: ignoredOptions(host).map((option) => `${option} is not supported and was ignored.`),
  };
}

function parseNetworkMode({ HostConfig: { NetworkMode: mode }, NetworkDisabled }: ContainerCreateBody) {
  if (NetworkDisabled) return "none";
  switch (mode) {
    case "":
    case "default":
    case "bridge":
      return "bridge";
    case "none":
    case "host":
      return mode;
    default:
      if (mode.startsWith("container:")) {
        throw new EngineError("not-implemented", `network mode ${mode} is not supported`);
      }
      // Not of kind not-found: clients take that for a missing image, and pull it.
      throw new EngineError("invalid", `network ${mode} not found`);
  }
}

function mergeConfig(body: ContainerCreateBody, { config }: ImageConfig, hostname: string): ContainerConfig {
  const asked = body.Entrypoint ?? [];
  const cmd = asked.length === 0 && body.Cmd.length === 0 ? (config?.Cmd ?? []) : body.Cmd;
  const merged = body.Entrypoint === undefined ? (config?.Entrypoint ?? []) : asked;
  // `--entrypoint ""` arrives as one empty word and means none.
  const entrypoint = merged.length === 1 && merged[0] === "" ? [] : merged;
  if (entrypoint.length + cmd.length === 0) throw new EngineError("invalid", "No command specified");
  const workingDir = body.WorkingDir || (config?.WorkingDir ?? "");
  if (workingDir !== "" && !workingDir.startsWith("/")) {
    throw new EngineError(
      "invalid",
      `the working directory '${workingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  const stopSignal = body.StopSignal || (config?.StopSignal ?? "");
  if (stopSignal !== "") signalNumber(stopSignal);
  return {
    image: body.Image,
    hostname: body.Hostname || hostname,
    domainname: body.Domainname,
    user: body.User || (config?.User ?? ""),
    env: mergeEnv(body.Env, config?.Env ?? []),
    entrypoint,
    cmd,
    workingDir,
    labels: { ...config?.Labels, ...body.Labels },
    tty: body.Tty,
    openStdin: body.OpenStdin,
    stdinOnce: body.StdinOnce,
    attachStdin: body.AttachStdin,
    attachStdout: body.AttachStdout,
    attachStderr: body.AttachStderr,
    stopSignal,
    stopTimeoutSeconds: body.StopTimeout ?? defaultStopSeconds,
    exposedPorts: keysOf(config?.ExposedPorts, body.ExposedPorts),
    volumes: keysOf(config?.Volumes, body.Volumes),
  };
}

const keysOf = (...sets: readonly (Record<string, unknown> | undefined)[]): readonly string[] =>
  [...new Set(sets.flatMap((set) => Object.keys(set ?? {})))].sort();

/** The request's variables first, then those of the image that it does not name; `NAME` alone takes one away. */
function mergeEnv(asked: readonly string[], image: readonly string[]): readonly string[] {
  const nameOf = (variable: string): string => variable.split("=", 1)[0] ?? "";
  for (const variable of asked) {
    if (nameOf(variable) === "")
      throw new EngineError("invalid", `invalid environment variable: ${variable}`);
  }
  const names = new Set(asked.map(nameOf));
  const kept = image.filter((variable) => !names.has(nameOf(variable)));
  return [...asked.filter((variable) => variable.includes("=")), ...kept];
}

/** Options that would make the container another one, were they honoured. */
function ignoredOptions(host: HostConfig): readonly string[] {
  const given: Record<string, boolean> = {
    "The restart policy": !["", "no"].includes(host.RestartPolicy.Name),
    "Publishing all ports": host.PublishAllPorts,
    "The memory limit": host.Memory > 0 || host.MemoryReservation > 0,
    "The CPU limit": host.NanoCpus > 0 || host.CpuQuota > 0 || host.CpuShares > 0 || host.CpusetCpus !== "",
    "The limit of processes": (host.PidsLimit ?? 0) > 0,
    "Adding devices": host.Devices.length > 0 || host.DeviceRequests.length > 0,
    "Setting ulimits": host.Ulimits.length > 0,
    "Setting sysctls": Object.keys(host.Sysctls).length > 0,
    "An init process": host.Init === true,
    "Sharing the host's process IDs": host.PidMode !== "",
    "Sharing IPC": !["", "private", "shareable"].includes(host.IpcMode),
    "Sharing the UTS namespace": host.UTSMode !== "",
    "Adding groups": host.GroupAdd.length > 0,
    "The storage option": Object.keys(host.StorageOpt).length > 0,
    "Linking containers": host.Links.length > 0,
    [`The log driver ${host.LogConfig.Type}`]: !["", "json-file", "local"].includes(host.LogConfig.Type),
  };
  return Object.entries(given).flatMap(([name, isGiven]) => (isGiven ? [name] : []));
}
