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
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_NE" | "SCMP_CMP_MASKED_EQ";
  }[];
}

export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
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
  };
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly mounts: readonly SpecMount[];
  readonly linux: {
    readonly resources: {
      readonly devices: readonly DeviceRule[];
      readonly memory?: { readonly limit?: number; readonly swap?: number };
    };
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
