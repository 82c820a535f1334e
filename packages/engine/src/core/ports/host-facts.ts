/** What the engine tells of the machine it runs on. */
export interface HostFacts {
  readonly hostname: string;
  /** As `uname -r` has it. */
  readonly kernelVersion: string;
  /** As `uname -m` has it: `x86_64`. */
  readonly machine: string;
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  readonly operatingSystem: string;
  /** `12`; empty if the system does not say. */
  readonly osVersion: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly cgroupVersion: "1" | "2";
  /** Controllers that can be used: `memory`, `cpu`, `cpuset`, `pids`. */
  readonly cgroupControllers: readonly string[];
  readonly seccomp: boolean;
  readonly apparmor: boolean;
  readonly ipv4Forwarding: boolean;
}

export type ReadHostFacts = () => Promise<HostFacts>;
