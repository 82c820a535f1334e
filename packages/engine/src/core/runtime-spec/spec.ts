// The parts of the OCI runtime specification that Davit writes.
// https://github.com/opencontainers/runtime-spec/blob/main/config.md

export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface SpecDevice {
  readonly path: string;
  readonly type: "c" | "b" | "p";
  readonly major: number;
  readonly minor: number;
  /** Permission bits. */
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: "a" | "c" | "b";
  readonly major?: number;
  readonly minor?: number;
  /** Some of `rwm`. */
  readonly access: string;
}

export interface SeccompRule {
  readonly names: readonly string[];
  /** `SCMP_ACT_ALLOW`, `SCMP_ACT_ERRNO`, ... */
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    /** `SCMP_CMP_EQ`, `SCMP_CMP_MASKED_EQ`, ... */
    readonly op: string;
  }[];
}

export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

/** Control group limits; absent ones are left as they are. Bytes, microseconds, and bytes or operations per second. */
export interface SpecLimits {
  readonly memory?:
    | undefined
    | {
        readonly limit?: number | undefined;
        readonly reservation?: number | undefined;
        readonly swap?: number | undefined;
        readonly swappiness?: number | undefined;
        readonly disableOOMKiller?: boolean | undefined;
      };
  readonly cpu?:
    | undefined
    | {
        readonly shares?: number | undefined;
        readonly quota?: number | undefined;
        readonly period?: number | undefined;
        readonly realtimeRuntime?: number | undefined;
        readonly realtimePeriod?: number | undefined;
        readonly cpus?: string | undefined;
        readonly mems?: string | undefined;
      };
  readonly pids?: undefined | { readonly limit: number };
  readonly blockIO?:
    | undefined
    | {
        readonly weight?: number | undefined;
        readonly weightDevice?: readonly (BlockDevice & { readonly weight: number })[] | undefined;
        readonly throttleReadBpsDevice?: readonly Throttle[] | undefined;
        readonly throttleWriteBpsDevice?: readonly Throttle[] | undefined;
        readonly throttleReadIOPSDevice?: readonly Throttle[] | undefined;
        readonly throttleWriteIOPSDevice?: readonly Throttle[] | undefined;
      };
}

type Throttle = BlockDevice & { readonly rate: number };

export interface BlockDevice {
  readonly major: number;
  readonly minor: number;
}

export interface SpecRlimit {
  /** `RLIMIT_NOFILE`, ... */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

export type NamespaceType = "mount" | "network" | "uts" | "pid" | "ipc" | "cgroup";

export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly process: {
    readonly terminal: boolean;
    readonly user: {
      readonly uid: number;
      readonly gid: number;
      readonly additionalGids?: readonly number[];
    };
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd: string;
    readonly capabilities: Readonly<
      Record<"bounding" | "effective" | "permitted" | "inheritable", readonly string[]>
    > & { readonly ambient?: readonly string[] };
    readonly noNewPrivileges?: boolean;
    readonly rlimits?: readonly SpecRlimit[];
    readonly oomScoreAdj?: number;
  };
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly mounts: readonly SpecMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: {
    readonly resources: SpecLimits & { readonly devices: readonly DeviceRule[] };
    readonly namespaces: readonly { readonly type: NamespaceType; readonly path?: string }[];
    readonly devices: readonly SpecDevice[];
    readonly cgroupsPath?: string;
    readonly sysctl?: Readonly<Record<string, string>>;
    readonly rootfsPropagation?: "rshared" | "rslave" | "private";
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly seccomp?: SeccompProfile;
  };
}
