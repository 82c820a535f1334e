import type { Digest } from "@davit/protocol";

export interface ContainerMount {
  readonly type: "bind" | "volume" | "tmpfs";
  /** The volume's name, for `volume`. */
  readonly volume?: string;
  /** The host's path, for `bind`; a volume's is known only while it is mounted. */
  readonly source?: string;
  readonly destination: string;
  /** The driver, for `volume`. */
  readonly driver?: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  /** As typed after the second colon of `-v`. */
  readonly mode: string;
  /** For `tmpfs`: mount options such as `size=64k`. */
  readonly options?: readonly string[];
  /** For `volume`: made without a name, and so removed with the container on request. */
  readonly anonymous?: boolean;
}

/** What runs: the image's defaults and the request merged. */
export interface ContainerConfig {
  readonly image: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly stdinOnce: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly stopSignal: string;
  readonly stopTimeoutSeconds: number;
}

export type ContainerStatus = "created" | "running" | "exited" | "dead";

export interface ContainerRecord {
  readonly id: string;
  /** Without a leading slash; unique. */
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly createdAt: string;
  readonly imageId: Digest;
  readonly config: ContainerConfig;
  /** `HostConfig` as the client sent it, with the engine's defaults: given back by inspect. */
  readonly hostConfig: Readonly<Record<string, unknown>>;
  readonly networkMode: "none" | "host" | "bridge";
  readonly autoRemove: boolean;
  readonly mounts: readonly ContainerMount[];
  readonly status: ContainerStatus;
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  /** RFC 3339; `0001-01-01T00:00:00Z` for never. */
  readonly startedAt: string;
  readonly finishedAt: string;
}
