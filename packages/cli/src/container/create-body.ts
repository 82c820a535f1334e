import type { FlagValues } from "../command-line/verb.ts";
import { keyValues } from "../options/key-value.ts";
import type { MountOption } from "../options/mount-option.ts";
import { networkSettings } from "../options/network-option.ts";
import type { VolumeOption } from "../options/volume-option.ts";
import type { createFlags } from "./create-flags.ts";
import { healthcheck } from "./healthcheck.ts";

export interface CreateRequest {
  readonly image: string;
  readonly command: readonly string[];
  readonly flags: FlagValues<typeof createFlags>;
  /** Complete: files read, values taken from this process's environment. */
  readonly env: readonly string[];
  readonly labels: readonly string[];
  readonly volumes: readonly VolumeOption[];
  readonly mounts: readonly MountOption[];
  readonly attach: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly restart: { readonly Name: string; readonly MaximumRetryCount: number };
  readonly autoRemove: boolean;
  readonly consoleSize: readonly [rows: number, columns: number];
}

const orNull = <Item>(items: readonly Item[]): readonly Item[] | null => (items.length === 0 ? null : items);

/** The body of `POST /containers/create`. */
export function createBody(request: CreateRequest): Record<string, unknown> {
  const { flags, attach } = request;
  const health = healthcheck(flags);
  const anonymous = request.volumes.filter((volume) => volume.kind === "anonymous");
  return {
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    User: flags.user,
    AttachStdin: attach.stdin,
    AttachStdout: attach.stdout,
    AttachStderr: attach.stderr,
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && attach.stdin,
    Env: request.env,
    Cmd: orNull(request.command),
    Image: request.image,
    Volumes: Object.fromEntries(anonymous.map(({ destination }) => [destination, {}])),
    WorkingDir: flags.workdir,
    Entrypoint: entrypoint(flags.entrypoint),
    Labels: keyValues(request.labels),
    ...exposedPorts(flags),
    ...(health === undefined ? {} : { Healthcheck: health }),
    ...(flags.macAddress === "" ? {} : { MacAddress: flags.macAddress }),
    ...(flags.stopSignal === "" ? {} : { StopSignal: flags.stopSignal }),
    ...(flags.stopTimeout === undefined ? {} : { StopTimeout: flags.stopTimeout }),
    HostConfig: hostConfig(request),
    NetworkingConfig: { EndpointsConfig: networks(flags).endpoints },
  };
}

type Ports = Pick<CreateRequest["flags"], "publish" | "expose">;

/** What is published is exposed too. */
function exposedPorts({ publish, expose }: Ports): { readonly ExposedPorts?: Record<string, object> } {
  const names = [...expose.flat(), ...publish.flat().map(({ inside }) => inside)];
  return names.length === 0 ? {} : { ExposedPorts: Object.fromEntries(names.map((name) => [name, {}])) };
}

function portBindings({ publish }: Ports): Record<string, readonly object[]> {
  const bindings: Record<string, object[]> = {};
  for (const { inside, HostIp, HostPort } of publish.flat())
    (bindings[inside] ??= []).push({ HostIp, HostPort });
  return bindings;
}

/** What is not said with a network itself is said of the first. */
const networks = (flags: CreateRequest["flags"]) =>
  networkSettings([...flags.network, ...flags.net], {
    aliases: [...flags.networkAlias, ...flags.netAlias],
    links: flags.link,
    linkLocalIps: flags.linkLocalIp,
    ip: flags.ip,
    ip6: flags.ip6,
    macAddress: "",
  });

/** An empty one resets the image's; Go's clients say so with one empty word. */
const entrypoint = (given: string | undefined): readonly string[] | null =>
  given === undefined ? null : [given];

function hostConfig(request: CreateRequest): Record<string, unknown> {
  const { flags } = request;
  const binds = request.volumes.filter((volume) => volume.kind === "bind");
  return {
    Binds: orNull(binds.map(({ bind }) => bind)),
    Mounts: request.mounts.length === 0 ? undefined : request.mounts,
    Tmpfs: flags.tmpfs.length === 0 ? undefined : tmpfsMap(flags.tmpfs),
    VolumeDriver: flags.volumeDriver,
    VolumesFrom: orNull(flags.volumesFrom),
    ContainerIDFile: flags.cidfile,
    LogConfig: { Type: flags.logDriver, Config: keyValues(flags.logOpt) },
    NetworkMode: networks(flags).mode,
    PortBindings: portBindings(flags),
    PublishAllPorts: flags.publishAll,
    Links: orNull(flags.link),
    ...(flags.annotation.length === 0 ? {} : { Annotations: keyValues(flags.annotation) }),
    ...(flags.storageOpt.length === 0 ? {} : { StorageOpt: keyValues(flags.storageOpt) }),
    RestartPolicy: request.restart,
    AutoRemove: request.autoRemove,
    ConsoleSize: request.consoleSize,
    CapAdd: orNull(flags.capAdd),
    CapDrop: orNull(flags.capDrop),
    CgroupnsMode: flags.cgroupns,
    Dns: flags.dns,
    DnsOptions: [...flags.dnsOption, ...flags.dnsOpt],
    DnsSearch: flags.dnsSearch,
    ExtraHosts: orNull(flags.addHost),
    GroupAdd: orNull(flags.groupAdd),
    IpcMode: flags.ipc,
    OomScoreAdj: flags.oomScoreAdj ?? 0,
    PidMode: flags.pid,
    Privileged: flags.privileged,
    ReadonlyRootfs: flags.readOnly,
    SecurityOpt: orNull(flags.securityOpt),
    UTSMode: flags.uts,
    UsernsMode: flags.userns,
    ShmSize: flags.shmSize ?? 0,
    Sysctls: flags.sysctl.length === 0 ? undefined : keyValues(flags.sysctl),
    Runtime: flags.runtime || undefined,
    Init: flags.init || undefined,
    ...resources(request),
  };
}

function resources({ flags }: CreateRequest): Record<string, unknown> {
  return {
    BlkioWeight: flags.blkioWeight ?? 0,
    BlkioWeightDevice: flags.blkioWeightDevice,
    BlkioDeviceReadBps: flags.deviceReadBps,
    BlkioDeviceReadIOps: flags.deviceReadIops,
    BlkioDeviceWriteBps: flags.deviceWriteBps,
    BlkioDeviceWriteIOps: flags.deviceWriteIops,
    CpuRealtimePeriod: flags.cpuRtPeriod ?? 0,
    CpuRealtimeRuntime: flags.cpuRtRuntime ?? 0,
    DeviceCgroupRules: orNull(flags.deviceCgroupRule),
    MemorySwappiness: flags.memorySwappiness ?? -1,
    CpuShares: flags.cpuShares ?? 0,
    Memory: flags.memory ?? 0,
    NanoCpus: flags.cpus ?? 0,
    CgroupParent: flags.cgroupParent,
    CpuPeriod: flags.cpuPeriod ?? 0,
    CpuQuota: flags.cpuQuota ?? 0,
    CpusetCpus: flags.cpusetCpus,
    CpusetMems: flags.cpusetMems,
    Devices: flags.device,
    MemoryReservation: flags.memoryReservation ?? 0,
    MemorySwap: flags.memorySwap ?? 0,
    OomKillDisable: flags.oomKillDisable,
    PidsLimit: flags.pidsLimit ?? 0,
    Ulimits: flags.ulimit,
  };
}

/** `--tmpfs /path[:options]`. */
const tmpfsMap = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(":");
      return colon === -1 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
    }),
  );
