import type { RuntimeSpec, SpecLimits } from "../runtime-spec/spec.ts";
import type { RuntimeNamespace } from "./runtime.ts";

export interface ExecRequest {
  readonly namespace: RuntimeNamespace;
  /** The running process in whose namespaces it is to run. */
  readonly id: string;
  /** Absolute directory for the attach socket and the like, as `ProcessInput` wants it; made, and removed when it has ended. */
  readonly bundle: string;
  readonly process: RuntimeSpec["process"];
  /** Where standard output and error go, in the same format as a process's; absent: nowhere. */
  readonly logPath?: string | undefined;
  /** Keep standard input open for an attached client. */
  readonly stdin: boolean;
}

export interface ExecutedProcess {
  readonly pid: number;
  /** Resolves with its exit code (255 if that is not known) when it has ended and its output is written whole. */
  readonly exited: Promise<number>;
}

/** Times in nanoseconds, sizes in bytes. What the kernel does not count is absent. */
export interface ProcessUsage {
  readonly cpu: {
    readonly total: number;
    readonly perCpu: readonly number[];
    readonly kernel: number;
    readonly user: number;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTime: number;
  };
  readonly memory: {
    readonly usage: number;
    readonly maxUsage: number | undefined;
    readonly failures: number | undefined;
    readonly limit: number;
    /** The kernel's own counters by its names. */
    readonly counters: Readonly<Record<string, number>>;
  };
  readonly pids: { readonly current: number; readonly limit: number | undefined };
  readonly blockIo: {
    readonly serviceBytes: readonly BlockIoCount[];
    readonly serviced: readonly BlockIoCount[];
  };
}

export interface BlockIoCount {
  readonly major: number;
  readonly minor: number;
  /** `Read`, `Write`, ... */
  readonly operation: string;
  readonly value: number;
}

/** New limits, in the words of the runtime specification; what is absent stays. */
export type ResourceUpdate = Pick<SpecLimits, "memory" | "cpu" | "pids">;

/** What can be done to a process that runs, beyond its signals. */
export interface ProcessControl {
  /** Runs another program beside the process; invalid if it cannot be run, with the runtime's words. */
  exec(request: ExecRequest): Promise<ExecutedProcess>;
  /** Kills a program that `exec` has started and that still runs, by its PID, with all that it has started itself. */
  killExecuted(namespace: RuntimeNamespace, id: string, pid: number): Promise<void>;
  /** Stops everything in it where it stands, until `resume`. */
  pause(namespace: RuntimeNamespace, id: string): Promise<void>;
  resume(namespace: RuntimeNamespace, id: string): Promise<void>;
  /** The PIDs, on the host, of all that runs in it. */
  pids(namespace: RuntimeNamespace, id: string): Promise<readonly number[]>;
  /** What the host's `ps` prints of everything that runs on the host. */
  hostProcesses(psArguments: readonly string[]): Promise<string>;
  usage(namespace: RuntimeNamespace, id: string): Promise<ProcessUsage>;
  update(namespace: RuntimeNamespace, id: string, resources: ResourceUpdate): Promise<void>;
}
