import * as z from "zod";
import { goList, goObject, goStringMap } from "../json.ts";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate

const text = z.string().default("");
const flag = z.boolean().default(false);
const int = z.number().int().default(0);
const optionalInt = z.number().int().optional();
const strings = goList(z.string());

/** An object whose absence means its zero value. */
const absent = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => value ?? {}, schema);

const portBindingSchema = goObject({ HostIp: text, HostPort: text });

/** `80/tcp` to where it is published. */
const portMapSchema = z.preprocess((value) => value ?? {}, z.record(z.string(), goList(portBindingSchema)));

export const mountRequestSchema = goObject({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: goObject({
    Propagation: text,
    NonRecursive: flag,
    CreateMountpoint: flag,
    ReadOnlyNonRecursive: flag,
    ReadOnlyForceRecursive: flag,
  }).optional(),
  VolumeOptions: goObject({
    NoCopy: flag,
    Labels: goStringMap,
    Subpath: text,
    DriverConfig: goObject({ Name: text, Options: goStringMap }).optional(),
  }).optional(),
  TmpfsOptions: goObject({
    SizeBytes: int,
    /** Permission bits; 0 means the default, 1777. */
    Mode: int,
    Options: goList(goList(z.string())),
  }).optional(),
  ImageOptions: goObject({ Subpath: text }).optional(),
});

/** One `--mount`. */
export type MountRequest = z.output<typeof mountRequestSchema>;

const throttle = goList(goObject({ Path: text, Rate: int }));

const resources = {
  CpuShares: int,
  Memory: int,
  NanoCpus: int,
  CgroupParent: text,
  BlkioWeight: int,
  BlkioWeightDevice: goList(goObject({ Path: text, Weight: int })),
  BlkioDeviceReadBps: throttle,
  BlkioDeviceWriteBps: throttle,
  BlkioDeviceReadIOps: throttle,
  BlkioDeviceWriteIOps: throttle,
  CpuPeriod: int,
  CpuQuota: int,
  CpuRealtimePeriod: int,
  CpuRealtimeRuntime: int,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: goList(goObject({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text })),
  DeviceCgroupRules: strings,
  DeviceRequests: goList(
    goObject({
      Driver: text,
      Count: int,
      DeviceIDs: strings,
      Capabilities: goList(goList(z.string())),
      Options: goStringMap,
    }),
  ),
  MemoryReservation: int,
  MemorySwap: int,
  MemorySwappiness: optionalInt,
  OomKillDisable: z.boolean().optional(),
  PidsLimit: optionalInt,
  Ulimits: goList(goObject({ Name: text, Soft: int, Hard: int })),
  CpuCount: int,
  CpuPercent: int,
  IOMaximumIOps: int,
  IOMaximumBandwidth: int,
};

export const hostConfigSchema = goObject({
  Binds: strings,
  ContainerIDFile: text,
  LogConfig: absent(goObject({ Type: text, Config: goStringMap })),
  NetworkMode: text,
  PortBindings: portMapSchema,
  RestartPolicy: absent(goObject({ Name: text, MaximumRetryCount: int })),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: strings,
  ConsoleSize: goList(z.number().int()),
  Annotations: goStringMap,
  CapAdd: strings,
  CapDrop: strings,
  CgroupnsMode: text,
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: text,
  Cgroup: text,
  Links: strings,
  OomScoreAdj: int,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: strings,
  StorageOpt: goStringMap,
  /** Destination to mount options. */
  Tmpfs: goStringMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: int,
  Sysctls: goStringMap,
  Runtime: text,
  Isolation: text,
  ...resources,
  Mounts: goList(mountRequestSchema),
  /** Absent means the engine's default list; an empty one means that nothing is masked. */
  MaskedPaths: z.array(z.string()).optional(),
  ReadonlyPaths: z.array(z.string()).optional(),
  Init: z.boolean().optional(),
});

/** How a container is set into its host: canonical keys, absent parts at their zero values. */
export type HostConfig = z.output<typeof hostConfigSchema>;
