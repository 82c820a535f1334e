import {
  type ContainerInspect,
  type ContainerSummary,
  humanDuration,
  type MountPoint,
} from "@davit/protocol";
import {
  defaultBridgeView,
  type NetworkOfContainer,
  networkPlaces,
  networksView,
} from "../network/container-networks-view.ts";
import { type Health, wireHealthcheck } from "./healthcheck.ts";
import { hostConfigView } from "./host-config-view.ts";
import { exposedPort } from "./published-ports.ts";
import type { ContainerRecord } from "./record.ts";
import { countsAsRunning, hasProcess } from "./transitions.ts";

/** What the record does not say and the engine's surroundings do. */
export interface ContainerSurroundings {
  /** Absolute paths on the host. */
  readonly paths: {
    readonly hosts: string;
    readonly hostname: string;
    readonly resolvConf: string;
    readonly log: string;
    readonly rootfs: string;
  };
  /** A volume's path on the host by the mount's destination; absent where nobody says. */
  readonly mountpoints: ReadonlyMap<string, string>;
  /** Programs that run in it, or are about to, besides its own. */
  readonly execIds: readonly string[];
  readonly storageDriver: string;
  readonly networks: readonly NetworkOfContainer[];
  /** Path of the file of its network namespace, while it runs in one of its own. */
  readonly sandboxKey: string;
  /** `HostConfig.Links`. */
  readonly links: readonly string[];
  /** Of a container that is asked for its health. */
  readonly health?: Health | undefined;
  /** Bytes, if they were asked for. */
  readonly sizes?: { readonly writtenBytes: number; readonly imageBytes: number } | undefined;
}

const setOf = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, {}]));

const commandOf = ({ config }: ContainerRecord): readonly string[] => [...config.entrypoint, ...config.cmd];

/** What `GET /containers/{id}/json` answers. */
export function inspectView(record: ContainerRecord, around: ContainerSurroundings): ContainerInspect {
  const { config } = record;
  const [path = "", ...args] = commandOf(record);
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: path,
    Args: args,
    State: {
      Status: record.status,
      Running: countsAsRunning(record),
      Paused: record.status === "paused",
      Restarting: record.status === "restarting",
      OOMKilled: record.oomKilled,
      Dead: record.status === "dead",
      Pid: record.pid,
      ExitCode: record.exitCode,
      Error: record.error,
      StartedAt: record.startedAt,
      FinishedAt: record.finishedAt,
      ...healthView(around.health),
    },
    Image: record.imageId,
    ...filesView(record, around.paths),
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: around.storageDriver,
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: around.execIds.length === 0 ? null : [...around.execIds],
    HostConfig: hostConfigView({ ...record.hostConfig, Links: [...around.links] }),
    GraphDriver: { Name: around.storageDriver, Data: { MergedDir: around.paths.rootfs } },
    ...sizesView(around),
    Mounts: mountPoints(record, around.mountpoints),
    Config: {
      Hostname: config.hostname,
      Domainname: config.domainname,
      User: config.user,
      AttachStdin: config.attachStdin,
      AttachStdout: config.attachStdout,
      AttachStderr: config.attachStderr,
      ...(config.exposedPorts.length === 0 ? {} : { ExposedPorts: setOf(config.exposedPorts) }),
      Tty: config.tty,
      OpenStdin: config.openStdin,
      StdinOnce: config.stdinOnce,
      Env: config.env.length === 0 ? null : [...config.env],
      Cmd: config.cmd.length === 0 ? null : [...config.cmd],
      Image: config.image,
      Volumes: config.volumes.length === 0 ? null : setOf(config.volumes),
      WorkingDir: config.workingDir,
      Entrypoint: config.entrypoint.length === 0 ? null : [...config.entrypoint],
      OnBuild: null,
      Labels: { ...config.labels },
      ...(config.healthcheck === undefined ? {} : { Healthcheck: wireHealthcheck(config.healthcheck) }),
      ...(config.stopSignal === "" ? {} : { StopSignal: config.stopSignal }),
      ...(config.stopTimeoutSeconds === 10 ? {} : { StopTimeout: config.stopTimeoutSeconds }),
    },
    NetworkSettings: {
      Bridge: "",
      SandboxID: record.sandboxId ?? "",
      SandboxKey: around.sandboxKey,
      HairpinMode: false,
      LinkLocalIPv6Address: "",
      LinkLocalIPv6PrefixLen: 0,
      Ports: portMap(record, around.networks),
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      ...defaultBridgeView(around.networks),
      Networks: networksView(record, around.networks),
    },
  };
}

/** There are none before the first start. */
function filesView(
  { startedAt }: ContainerRecord,
  { resolvConf, hostname, hosts, log }: ContainerSurroundings["paths"],
) {
  const isMade = !startedAt.startsWith("0001-");
  return {
    ResolvConfPath: isMade ? resolvConf : "",
    HostnamePath: isMade ? hostname : "",
    HostsPath: isMade ? hosts : "",
    LogPath: isMade ? log : "",
  };
}

/** One row of `GET /containers/json`. */
export function summaryView(
  record: ContainerRecord,
  around: Pick<ContainerSurroundings, "mountpoints" | "sizes" | "health" | "networks"> & {
    readonly names: readonly string[];
  },
  imageName: string,
  now: Date,
): ContainerSummary {
  return {
    Id: record.id,
    Names: [...around.names],
    Image: imageName,
    ImageID: record.imageId,
    Command: commandOf(record)
      .map((word, at) => (at > 0 && word.includes(" ") ? `'${word}'` : word))
      .join(" "),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: portList(record, around.networks),
    ...nonZero(sizesView(around)),
    Labels: { ...record.config.labels },
    State: record.status,
    Status: statusText(record, now, around.health),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: networkPlaces(record, around.networks) },
    Mounts: mountPoints(record, around.mountpoints),
  };
}

/** For people, as `ps` shows it. */
function statusText(record: ContainerRecord, now: Date, health: Health | undefined): string {
  const since = (time: string): string => humanDuration(now.getTime() - Date.parse(time));
  const texts: Record<ContainerRecord["status"], () => string> = {
    created: () => "Created",
    running: () => `Up ${since(record.startedAt)}${healthText(health)}`,
    paused: () => `Up ${since(record.startedAt)} (Paused)`,
    restarting: () => `Restarting (${record.exitCode}) ${since(record.finishedAt)} ago`,
    exited: () => `Exited (${record.exitCode}) ${since(record.finishedAt)} ago`,
    dead: () => "Dead",
  };
  return texts[record.status]();
}

function healthText(health: Health | undefined): string {
  if (health === undefined) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}

const healthView = (health: Health | undefined) =>
  health === undefined
    ? {}
    : {
        Health: {
          Status: health.status,
          FailingStreak: health.failingStreak,
          Log: health.log.map(({ startedAt, endedAt, exitCode, output }) => ({
            Start: startedAt,
            End: endedAt,
            ExitCode: exitCode,
            Output: output,
          })),
        },
      };

/** Lists leave out what is nothing. */
const nonZero = (sizes: ReturnType<typeof sizesView>): ReturnType<typeof sizesView> =>
  Object.fromEntries(Object.entries(sizes).filter(([, bytes]) => bytes > 0));

function sizesView({ sizes }: Pick<ContainerSurroundings, "sizes">): {
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
} {
  return sizes === undefined
    ? {}
    : { SizeRw: sizes.writtenBytes, SizeRootFs: sizes.writtenBytes + sizes.imageBytes };
}

function mountPoints(record: ContainerRecord, mountpoints: ReadonlyMap<string, string>): MountPoint[] {
  return record.mounts.flatMap((mount) => {
    const common = {
      Destination: mount.destination,
      Mode: mount.mode,
      RW: !mount.readOnly,
      Propagation: mount.propagation,
    };
    if (mount.type === "bind") return [{ Type: "bind", Source: mount.source ?? "", ...common }];
    if (mount.type === "tmpfs") {
      return isTmpfsOption(record, mount.destination) ? [] : [{ Type: "tmpfs", Source: "", ...common }];
    }
    const Source = mountpoints.get(mount.destination) ?? "";
    return [{ Type: "volume", Name: mount.volume ?? "", Source, Driver: mount.driver ?? "local", ...common }];
  });
}

/** `--tmpfs` shows in HostConfig only, `--mount type=tmpfs` among the mounts. */
const isTmpfsOption = ({ hostConfig }: ContainerRecord, destination: string): boolean =>
  Object.keys(hostConfig.Tmpfs).some((key) => key.replace(/\/+$/, "") === destination);

/** What is exposed and not published, while it runs in a network that could publish it. */
function unpublished(record: ContainerRecord, networks: readonly NetworkOfContainer[]) {
  if (!hasProcess(record) || !networks.some(({ opensPorts }) => opensPorts)) return [];
  const published = new Set((record.ports ?? []).map(portKey));
  return record.config.exposedPorts.map(exposedPort).filter((port) => !published.has(portKey(port)));
}

const portKey = ({ containerPort, protocol }: ReturnType<typeof exposedPort>): string =>
  `${containerPort}/${protocol}`;

function portMap(record: ContainerRecord, networks: readonly NetworkOfContainer[]) {
  const places = new Map<string, { HostIp: string; HostPort: string }[] | null>();
  for (const port of record.ports ?? []) {
    const place = { HostIp: port.hostAddress ?? "0.0.0.0", HostPort: String(port.hostPort) };
    places.set(portKey(port), [...(places.get(portKey(port)) ?? []), place]);
  }
  for (const port of unpublished(record, networks)) places.set(portKey(port), null);
  return Object.fromEntries(places);
}

const portList = (record: ContainerRecord, networks: readonly NetworkOfContainer[]) => [
  ...(record.ports ?? []).map(({ hostAddress, hostPort, containerPort, protocol }) => ({
    IP: hostAddress ?? "0.0.0.0",
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  })),
  ...unpublished(record, networks).map(({ containerPort, protocol }) => ({
    PrivatePort: containerPort,
    Type: protocol,
  })),
];
