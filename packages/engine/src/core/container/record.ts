import type { Digest, HostConfig } from "@davit/protocol";
import type { ContainerNetwork } from "../network/record.ts";
import type { PublishedPort } from "../ports/network.ts";

export interface ContainerMount {
  readonly type: "bind" | "volume" | "tmpfs";
  /** The volume's name, for `volume`. */
  readonly volume?: string | undefined;
  /** The host's path, for `bind`; a volume's is known only while it is mounted. */
  readonly source?: string | undefined;
  readonly destination: string;
  /** The driver, for `volume`. */
  readonly driver?: string | undefined;
  readonly readOnly: boolean;
  readonly propagation: string;
  /** As typed after the second colon of `-v`. */
  readonly mode: string;
  /** For `tmpfs`: mount options such as `size=64k`. */
  readonly options?: readonly string[] | undefined;
  /** For `volume`: made without a name, and so removed with the container on request. */
  readonly anonymous?: boolean | undefined;
  /** For `volume`: an empty one is not filled with what the image has there. */
  readonly noCopy?: boolean | undefined;
  /** For `volume`: the part of it that is mounted. */
  readonly subpath?: string | undefined;
  /** For `bind`: without what is mounted below the source. */
  readonly nonRecursive?: boolean | undefined;
}

/** How a container's health is asked for; times are in nanoseconds, 0 for the Engine's default. */
export interface Healthcheck {
  /** `CMD` and the words, `CMD-SHELL` and one text, or `NONE`. */
  readonly test: readonly string[];
  readonly intervalNs: number;
  readonly timeoutNs: number;
  readonly startPeriodNs: number;
  readonly startIntervalNs: number;
  readonly retries: number;
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
  /** Empty: SIGTERM. */
  readonly stopSignal: string;
  readonly stopTimeoutSeconds: number;
  /** e.g. `80/tcp`; of the image and the request. */
  readonly exposedPorts: readonly string[];
  /** Paths that the image or the request declares as volumes. */
  readonly volumes: readonly string[];
  /** Of the image and the request; absent where neither has any. */
  readonly healthcheck?: Healthcheck | undefined;
}

/** How it was asked to be confined. */
export interface RequestedSecurity {
  readonly privileged: boolean;
  readonly readOnlyRootfs: boolean;
  /** As typed: any case, with or without `CAP_`, or `ALL`. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly noNewPrivileges: boolean;
}

/** Its place on a network. */
export interface ContainerAddress {
  readonly address: string;
  readonly prefixLength: number;
  /** `""` for none. */
  readonly gateway: string;
  readonly macAddress: string;
}

/** `restarting`: it has ended and its restart policy will start it again; to clients it still runs. */
export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "exited" | "dead";

/** To another container of the default bridge, which outlives neither of the two. */
export interface ContainerLink {
  /** What the other is called in this one. */
  readonly alias: string;
  readonly containerId: string;
}

/** `bridge` is the default one, `network` one of the user's. */
export type NetworkMode = "none" | "host" | "bridge" | "network" | "container";

export interface ContainerRecord {
  readonly id: string;
  /** Without a leading slash; unique. */
  readonly name: string;
  /** RFC 3339 with nanoseconds. */
  readonly createdAt: string;
  readonly imageId: Digest;
  /** The image's layers, bottom first: kept for as long as the container is, whatever becomes of the image. */
  readonly layers: readonly Digest[];
  readonly config: ContainerConfig;
  /** As the client sent it, with the engine's defaults: given back by inspect. */
  readonly hostConfig: HostConfig;
  /** For `container` the other's ID follows `container:` in `hostConfig.NetworkMode`. */
  readonly networkMode: NetworkMode;
  /** The networks that it is in whenever it runs; absent in old records: what `networkMode` says. */
  readonly networks?: readonly ContainerNetwork[] | undefined;
  /** While it runs: 64 hex digits that name its network namespace to clients. */
  readonly sandboxId?: string | undefined;
  readonly links?: readonly ContainerLink[] | undefined;
  readonly security: RequestedSecurity;
  readonly shmSizeBytes: number;
  readonly autoRemove: boolean;
  readonly mounts: readonly ContainerMount[];
  readonly status: ContainerStatus;
  /** While it runs: its place on the default bridge. */
  readonly address?: ContainerAddress | undefined;
  /** While it runs: what is published, host ports that were left open chosen. */
  readonly ports?: readonly PublishedPort[] | undefined;
  /** Restarts by its policy since it was last started on request. */
  readonly restartCount: number;
  /** Its last end was asked for, which `unless-stopped` respects. */
  readonly manuallyStopped: boolean;
  readonly pid: number;
  readonly exitCode: number;
  readonly error: string;
  readonly oomKilled: boolean;
  /** RFC 3339; `0001-01-01T00:00:00Z` for never. */
  readonly startedAt: string;
  readonly finishedAt: string;
}
