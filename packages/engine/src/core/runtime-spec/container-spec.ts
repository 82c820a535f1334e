import { containerEnvironment } from "../container/environment.ts";
import { limitsOf, parseDeviceRule, rlimitsOf } from "../container/limits.ts";
import type { ContainerRecord } from "../container/record.ts";
import type { ResolvedUser } from "../container/user.ts";
import { containerMounts, initPath, rootfsPropagation, type ShmSource } from "./container-mounts.ts";
import {
  allCapabilities,
  allDevicesRule,
  defaultCapabilities,
  defaultDeviceRules,
  deviceRulesFor,
  maskedPaths,
  readonlyPaths,
} from "./defaults.ts";
import { type SeccompDocument, seccompOfDocument } from "./seccomp-document.ts";
import { programArchitectures, seccompProfile } from "./seccomp-profile.ts";
import type {
  BlockDevice,
  DeviceRule,
  NamespaceType,
  RuntimeSpec,
  SeccompProfile,
  SpecDevice,
  SpecMount,
} from "./spec.ts";

/** What the specification depends on of a container's record. */
export type SpecifiedContainer = Pick<ContainerRecord, "id" | "config" | "hostConfig">;

/** How far a container is confined. */
export interface ContainerSecurity {
  readonly capabilities: readonly string[];
  /** All devices, nothing masked or read-only; capabilities and filter are as they say. */
  readonly privileged: boolean;
  readonly readonlyRootfs: boolean;
  /** What system calls are filtered by. */
  readonly seccomp: "default" | "unconfined" | SeccompDocument;
  readonly noNewPrivileges: boolean;
}

export const defaultSecurity: ContainerSecurity = {
  capabilities: defaultCapabilities,
  privileged: false,
  readonlyRootfs: false,
  seccomp: "default",
  noNewPrivileges: false,
};

export const privilegedSecurity: ContainerSecurity = {
  ...defaultSecurity,
  capabilities: allCapabilities,
  privileged: true,
};

/** A namespace of its own, the host's, or a prepared one or another container's by its path. */
export type NamespaceSource = "own" | "host" | { readonly namespace: string };

/** What the host knows and the container's record does not. All paths are absolute and on the host. */
export interface ContainerHost {
  readonly rootfs: string;
  readonly user: ResolvedUser;
  /** The container's own, in any order: binds, volumes where they are mounted now, tmpfs. */
  readonly mounts: readonly SpecMount[];
  /** Bound on the files of these names in `/etc`, unless a mount of the container's own is there. */
  readonly files: { readonly hosts: string; readonly hostname: string; readonly resolvConf: string };
  /** `none` is a namespace of its own with nothing in it. */
  readonly network: "none" | "host" | { readonly namespace: string };
  /** `own` unless given. */
  readonly pid?: NamespaceSource;
  readonly ipc?: NamespaceSource;
  /** What is on `/dev/shm`; a memory file system of its own unless given. */
  readonly shm?: ShmSource;
  readonly devices?: readonly SpecDevice[];
  /** Access to devices besides the default ones; full access to `devices` unless given. */
  readonly deviceRules?: readonly DeviceRule[];
  /** The numbers of the block devices that limits name, by their paths. */
  readonly blockDevices?: ReadonlyMap<string, BlockDevice>;
  /** `defaultSecurity` unless given. */
  readonly security?: ContainerSecurity;
  /** 64 MiB unless given. */
  readonly shmSizeBytes?: number;
  readonly extraMaskedPaths?: readonly string[];
  /** A program that becomes the first process and passes signals on to the container's. */
  readonly init?: string;
  readonly machine?: MachineFacts;
  /** Variables that the container's own win over. */
  readonly environment?: readonly string[];
}

export interface MachineFacts {
  /** As Go names it: `amd64`. */
  readonly architecture: string;
  /** As `uname -r` has it. */
  readonly kernelVersion: string;
}

const unknownMachine: MachineFacts = { architecture: "", kernelVersion: "" };

/** The runtime's specification of a container. */
export function containerSpec(record: SpecifiedContainer, host: ContainerHost): RuntimeSpec {
  const { config, hostConfig, id } = record;
  const security = host.security ?? defaultSecurity;
  const { privileged, capabilities } = security;
  const devices = host.devices ?? [];
  const rlimits = rlimitsOf(hostConfig);
  const sysctl = {
    ...(host.network === "host" ? {} : ownNetworkSysctl),
    // Not by the specification's own field, which older runtimes pass over.
    ...(config.domainname === "" || hostConfig.UTSMode === "host"
      ? {}
      : { "kernel.domainname": config.domainname }),
    ...hostConfig.Sysctls,
  };
  const seccomp = seccompOf(security, host.machine ?? unknownMachine);
  const masked = hostConfig.MaskedPaths ?? [...maskedPaths, ...(host.extraMaskedPaths ?? [])];
  return {
    ociVersion: "1.0.2",
    ...(hostConfig.UTSMode === "host" ? {} : { hostname: config.hostname }),
    process: {
      terminal: config.tty,
      user: host.user,
      args: [...(host.init === undefined ? [] : [initPath, "--"]), ...config.entrypoint, ...config.cmd],
      env: containerEnvironment(config, { tty: config.tty, given: host.environment ?? [] }),
      cwd: config.workingDir === "" ? "/" : config.workingDir,
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
      },
      ...(security.noNewPrivileges ? { noNewPrivileges: true } : {}),
      ...(rlimits.length === 0 ? {} : { rlimits }),
      ...(hostConfig.OomScoreAdj === 0 ? {} : { oomScoreAdj: hostConfig.OomScoreAdj }),
    },
    root: { path: host.rootfs, ...(security.readonlyRootfs ? { readonly: true } : {}) },
    mounts: containerMounts({ ...host, privileged }),
    ...(Object.keys(hostConfig.Annotations).length === 0 ? {} : { annotations: hostConfig.Annotations }),
    linux: {
      resources: {
        ...limitsOf(hostConfig, (path) => host.blockDevices?.get(path) ?? { major: 0, minor: 0 }),
        devices: privileged
          ? [allDevicesRule]
          : [
              ...defaultDeviceRules,
              ...(host.deviceRules ?? deviceRulesFor(devices)),
              ...hostConfig.DeviceCgroupRules.map(parseDeviceRule),
            ],
      },
      namespaces: namespaces(record, host),
      devices,
      cgroupsPath: `${hostConfig.CgroupParent === "" ? "/docker" : hostConfig.CgroupParent}/${id}`,
      ...(Object.keys(sysctl).length === 0 ? {} : { sysctl }),
      ...rootfsPropagation(host.mounts),
      maskedPaths: privileged ? [] : masked,
      readonlyPaths: privileged ? [] : (hostConfig.ReadonlyPaths ?? readonlyPaths),
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  };
}

/** A filter that was named holds even for a privileged container; the default one does not. */
function seccompOf(
  { seccomp, capabilities, privileged }: ContainerSecurity,
  machine: MachineFacts,
): SeccompProfile | undefined {
  if (typeof seccomp === "object") return seccompOfDocument(seccomp, { capabilities, ...machine });
  if (seccomp === "unconfined" || privileged) return undefined;
  return seccompProfile(capabilities, programArchitectures(machine.architecture));
}

/** In a network of its own anyone may open low ports and ping. */
const ownNetworkSysctl = {
  "net.ipv4.ip_unprivileged_port_start": "0",
  "net.ipv4.ping_group_range": "0 2147483647",
} as const;

function namespaces(
  { hostConfig }: SpecifiedContainer,
  { network, pid = "own", ipc = "own" }: ContainerHost,
): RuntimeSpec["linux"]["namespaces"] {
  const of = (type: NamespaceType, source: NamespaceSource) =>
    source === "host" ? [] : [source === "own" ? { type } : { type, path: source.namespace }];
  return [
    { type: "mount" },
    ...of("uts", hostConfig.UTSMode === "host" ? "host" : "own"),
    ...of("pid", pid),
    ...of("ipc", ipc),
    ...of("cgroup", hostConfig.CgroupnsMode === "private" ? "own" : "host"),
    ...of("network", network === "none" ? "own" : network),
  ];
}
