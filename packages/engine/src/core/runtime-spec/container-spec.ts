import type { ContainerRecord } from "../container/record.ts";
import type { ResolvedUser } from "../container/user.ts";
import {
  allCapabilities,
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
import type { NamespaceType, RuntimeSpec, SpecDevice, SpecMount } from "./spec.ts";

/** What the specification depends on of a container's record. */
export type SpecifiedContainer = Pick<ContainerRecord, "id" | "config">;

/** How far a container is confined. */
export interface ContainerSecurity {
  readonly capabilities: readonly string[];
  /** All devices, nothing masked or read-only; capabilities and filter are as they say. */
  readonly privileged: boolean;
  readonly readonlyRootfs: boolean;
  /** Whether system calls are filtered. */
  readonly seccomp: boolean;
  readonly noNewPrivileges: boolean;
}

export const defaultSecurity: ContainerSecurity = {
  capabilities: defaultCapabilities,
  privileged: false,
  readonlyRootfs: false,
  seccomp: true,
  noNewPrivileges: false,
};

export const privilegedSecurity: ContainerSecurity = {
  ...defaultSecurity,
  capabilities: allCapabilities,
  privileged: true,
  seccomp: false,
};

/** What the host knows and the container's record does not. All paths are absolute and on the host. */
export interface ContainerHost {
  readonly rootfs: string;
  readonly user: ResolvedUser;
  /** The container's own, in any order: binds, volumes where they are mounted now, tmpfs. */
  readonly mounts: readonly SpecMount[];
  /** Bound on the files of these names in `/etc`, unless a mount of the container's own is there. */
  readonly files: { readonly hosts: string; readonly hostname: string; readonly resolvConf: string };
  /** A namespace of its own with nothing in it, the host's, or a prepared one or another container's by its path. */
  readonly network: "none" | "host" | { readonly namespace: string };
  readonly devices?: readonly SpecDevice[];
  /** `defaultSecurity` unless given. */
  readonly security?: ContainerSecurity;
  /** 64 MiB unless given. */
  readonly shmSizeBytes?: number;
  readonly extraMaskedPaths?: readonly string[];
}

/** The runtime's specification of a container. */
export function containerSpec(record: SpecifiedContainer, host: ContainerHost): RuntimeSpec {
  const { config, id } = record;
  const security = host.security ?? defaultSecurity;
  const { privileged, capabilities } = security;
  const devices = host.devices ?? [];
  return {
    ociVersion: "1.0.2",
    hostname: config.hostname,
    ...(config.domainname === "" ? {} : { domainname: config.domainname }),
    process: {
      terminal: config.tty,
      user: host.user,
      args: [...config.entrypoint, ...config.cmd],
      env: environment(record),
      cwd: config.workingDir === "" ? "/" : config.workingDir,
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
      },
      ...(security.noNewPrivileges ? { noNewPrivileges: true } : {}),
    },
    root: { path: host.rootfs, ...(security.readonlyRootfs ? { readonly: true } : {}) },
    mounts: containerMounts(host, privileged),
    linux: {
      resources: {
        devices: privileged ? [allDevicesRule] : [...defaultDeviceRules, ...deviceRulesFor(devices)],
      },
      namespaces: namespaces(host.network),
      devices,
      cgroupsPath: `/docker/${id}`,
      ...(host.network === "host" ? {} : { sysctl: ownNetworkSysctl }),
      ...rootfsPropagation(host.mounts),
      maskedPaths: privileged ? [] : [...maskedPaths, ...(host.extraMaskedPaths ?? [])],
      readonlyPaths: privileged ? [] : readonlyPaths,
      ...(security.seccomp ? { seccomp: seccompProfile(capabilities) } : {}),
    },
  };
}

/** In a network of its own anyone may open low ports and ping. */
const ownNetworkSysctl = {
  "net.ipv4.ip_unprivileged_port_start": "0",
  "net.ipv4.ping_group_range": "0 2147483647",
} as const;

/** The container's variables win over ours, each name in its first place. */
function environment({ config }: SpecifiedContainer): readonly string[] {
  const base = [
    defaultPath,
    `HOSTNAME=${config.hostname}`,
    ...(config.tty ? ["TERM=xterm"] : []),
    ...config.env,
  ];
  const byName = new Map(base.map((variable) => [variable.split("=", 1)[0], variable]));
  return [...byName.values()];
}

function containerMounts(host: ContainerHost, privileged: boolean): readonly SpecMount[] {
  const replaced = new Set(host.mounts.map((mount) => mount.destination));
  const files: readonly SpecMount[] = [
    fileMount(host.files.resolvConf, "/etc/resolv.conf"),
    fileMount(host.files.hostname, "/etc/hostname"),
    fileMount(host.files.hosts, "/etc/hosts"),
  ];
  const ours = [...defaultMounts.map((mount) => adapted(mount, host, privileged)), ...files].filter(
    // A `/dev` of the container's own comes with all below it.
    ({ destination }) =>
      !replaced.has(destination) && !(replaced.has("/dev") && destination.startsWith("/dev/")),
  );
  // What is mounted inside another mount must come after it.
  return [...ours, ...host.mounts].toSorted((left, right) => depth(left) - depth(right));
}

const depth = ({ destination }: SpecMount): number =>
  destination.split("/").filter((part) => part !== "").length;

const fileMount = (source: string, destination: string): SpecMount => ({
  destination,
  type: "bind",
  source,
  options: ["rbind", "rprivate"],
});

const defaultShmBytes = 64 * 1024 * 1024;

function adapted(mount: SpecMount, host: ContainerHost, privileged: boolean): SpecMount {
  if (mount.destination === "/dev/shm") {
    return { ...mount, options: [...mount.options, `size=${host.shmSizeBytes ?? defaultShmBytes}`] };
  }
  if (privileged && mount.destination.startsWith("/sys")) {
    return { ...mount, options: mount.options.map((option) => (option === "ro" ? "rw" : option)) };
  }
  return mount;
}

/** A mount can only receive or send later mounts if the root file system may. */
function rootfsPropagation(mounts: readonly SpecMount[]): { rootfsPropagation?: "rshared" | "rslave" } {
  const options = new Set(mounts.flatMap((mount) => mount.options));
  if (options.has("rshared") || options.has("shared")) return { rootfsPropagation: "rshared" };
  return options.has("rslave") || options.has("slave") ? { rootfsPropagation: "rslave" } : {};
}

function namespaces(network: ContainerHost["network"]): RuntimeSpec["linux"]["namespaces"] {
  const own: readonly { readonly type: NamespaceType }[] = [
    { type: "mount" },
    { type: "uts" },
    { type: "pid" },
    { type: "ipc" },
  ];
  if (network === "host") return own;
  return [...own, network === "none" ? { type: "network" } : { type: "network", path: network.namespace }];
}
