import type { ContainerInspect, ContainerSummary, MountPoint } from "@davit/protocol";
import { humanDuration } from "./duration.ts";
import { publishedPorts } from "./published-ports.ts";
import type { ContainerAddress, ContainerRecord } from "./record.ts";

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
  readonly storageDriver: string;
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
      Running: record.status === "running",
      Paused: false,
      Restarting: false,
      OOMKilled: record.oomKilled,
      Dead: record.status === "dead",
      Pid: record.pid,
      ExitCode: record.exitCode,
      Error: record.error,
      StartedAt: record.startedAt,
      FinishedAt: record.finishedAt,
    },
    Image: record.imageId,
    ResolvConfPath: around.paths.resolvConf,
    HostnamePath: around.paths.hostname,
    HostsPath: around.paths.hosts,
    LogPath: around.paths.log,
    Name: `/${record.name}`,
    RestartCount: 0,
    Driver: around.storageDriver,
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: null,
    HostConfig: record.hostConfig,
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
      Env: [...config.env],
      Cmd: config.cmd.length === 0 ? null : [...config.cmd],
      Image: config.image,
      Volumes: config.volumes.length === 0 ? null : setOf(config.volumes),
      WorkingDir: config.workingDir,
      Entrypoint: config.entrypoint.length === 0 ? null : [...config.entrypoint],
      OnBuild: null,
      Labels: { ...config.labels },
      ...(config.stopSignal === "" ? {} : { StopSignal: config.stopSignal }),
      ...(config.stopTimeoutSeconds === 10 ? {} : { StopTimeout: config.stopTimeoutSeconds }),
    },
    NetworkSettings: {
      Bridge: "",
      SandboxID: "",
      SandboxKey: "",
      HairpinMode: false,
      LinkLocalIPv6Address: "",
      LinkLocalIPv6PrefixLen: 0,
      Ports: portMap(record),
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      EndpointID: "",
      ...addressView(record.address),
      Networks: networksView(record),
    },
  };
}

/** One row of `GET /containers/json`. */
export function summaryView(
  record: ContainerRecord,
  around: Pick<ContainerSurroundings, "mountpoints" | "sizes">,
  imageName: string,
  now: Date,
): ContainerSummary {
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: imageName,
    ImageID: record.imageId,
    Command: commandOf(record)
      .map((word, at) => (at > 0 && word.includes(" ") ? `'${word}'` : word))
      .join(" "),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: portList(record),
    ...sizesView(around),
    Labels: { ...record.config.labels },
    State: record.status,
    Status: statusText(record, now),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: networksView(record) },
    Mounts: mountPoints(record, around.mountpoints),
  };
}

/** For people, as `ps` shows it. */
export function statusText(record: ContainerRecord, now: Date): string {
  const since = (time: string): string => humanDuration(now.getTime() - Date.parse(time));
  const texts: Record<ContainerRecord["status"], () => string> = {
    created: () => "Created",
    running: () => `Up ${since(record.startedAt)}`,
    exited: () => `Exited (${record.exitCode}) ${since(record.finishedAt)} ago`,
    dead: () => "Dead",
  };
  return texts[record.status]();
}

function sizesView({ sizes }: Pick<ContainerSurroundings, "sizes">) {
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

/** What is published, while it is. */
const portsOf = (record: ContainerRecord) =>
  record.status === "running" && record.networkMode === "bridge" ? publishedPorts(record.hostConfig) : [];

const portMap = (record: ContainerRecord) =>
  portsOf(record).length === 0 ? {} : record.hostConfig.PortBindings;

const portList = (record: ContainerRecord) =>
  portsOf(record).map(({ hostAddress, hostPort, containerPort, protocol }) => ({
    IP: hostAddress ?? "0.0.0.0",
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  }));

const addressView = (network: ContainerAddress | undefined) => ({
  Gateway: network?.gateway ?? "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  IPAddress: network?.address ?? "",
  IPPrefixLen: network?.prefixLength ?? 0,
  IPv6Gateway: "",
  MacAddress: network?.macAddress ?? "",
});

const networksView = (record: ContainerRecord) => ({
  [record.networkMode]: {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    NetworkID: "",
    EndpointID: "",
    ...addressView(record.address),
    DriverOpts: null,
  },
});
