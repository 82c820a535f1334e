import type { RuntimeSpec } from "../runtime-spec/spec.ts";

/** Plugins and containers live in runtime namespaces of their own, so that neither lists the other's. */
export type RuntimeNamespace = "plugins.moby" | "moby";

export interface ProcessRequest {
  readonly namespace: RuntimeNamespace;
  readonly id: string;
  /** Absolute directory for `config.json`, pid files and the attach socket; made if it is missing. */
  readonly bundle: string;
  readonly spec: RuntimeSpec;
  /** Where standard output and error go, in conmon's k8s-file format. */
  readonly logPath: string;
  /** Past this the log starts anew; no limit if it is absent. */
  readonly logLimitBytes?: number;
  /** Keep standard input open for an attached client. */
  readonly stdin?: boolean;
  /** Standard input stays open when the attached client is gone: another may follow. */
  readonly keepStdinOpen?: boolean;
}

export interface ProcessExit {
  readonly namespace: RuntimeNamespace;
  readonly id: string;
  /** 0–255; 128 + n if signal n ended it. */
  readonly exitCode: number;
  readonly exitedAt: Date;
  readonly oomKilled: boolean;
}

export type ProcessState =
  | { readonly status: "absent" }
  | { readonly status: "created" | "running" | "paused"; readonly pid: number }
  | { readonly status: "stopped"; readonly exit: ProcessExit | undefined };

/**
 * Runs one confined process per ID under a monitor that outlives the engine: output, exit code and process
 * go on if the engine dies.
 */
export interface Runtime {
  /** Sets the process up without running its program; a leftover of the same ID is removed first. */
  create(request: ProcessRequest, signal?: AbortSignal): Promise<{ readonly pid: number }>;
  /** Runs the program. Kind invalid if it cannot be run, with the runtime's words. */
  start(namespace: RuntimeNamespace, id: string): Promise<void>;
  /** Sends a signal (`SIGTERM`); conflict if the process is not running. */
  kill(namespace: RuntimeNamespace, id: string, signal: string): Promise<void>;
  /** Removes a process from the runtime, killing it if need be; one that is absent is no error. */
  delete(namespace: RuntimeNamespace, id: string): Promise<void>;
  state(namespace: RuntimeNamespace, id: string): Promise<ProcessState>;
  /** IDs that the runtime knows, running or not. */
  list(namespace: RuntimeNamespace): Promise<readonly string[]>;
  /**
   * Resolves when the process has exited and its output is written whole; at once if it already has.
   * Works for processes that an earlier engine started.
   */
  waitForExit(namespace: RuntimeNamespace, id: string, signal?: AbortSignal): Promise<ProcessExit>;
}
