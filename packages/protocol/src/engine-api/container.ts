import * as z from "zod";
import { goList, goObject, goStringMap } from "../json.ts";
import { hostConfigSchema } from "./host-config.ts";
import { endpointSettingsSchema } from "./network.ts";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container

const text = z.string().default("");
const int = z.number().int().default(0);
const flag = z.boolean().default(false);
const absent = <Schema extends z.ZodType>(schema: Schema) => z.preprocess((value) => value ?? {}, schema);
const keySet = z.preprocess((value) => value ?? {}, z.record(z.string(), z.unknown()));

/** A command line: a list, or one string, which is one word. */
const words = z.union([z.array(z.string()), z.string().transform((word) => [word])]);

export const containerCreateBodySchema = goObject({
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: keySet,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: goList(z.string()),
  Cmd: z.preprocess((value) => value ?? [], words),
  /** Absent means the image's; an empty one means none. */
  Entrypoint: words.optional(),
  Healthcheck: goObject({
    Test: goList(z.string()),
    Interval: int,
    Timeout: int,
    StartPeriod: int,
    StartInterval: int,
    Retries: int,
  }).optional(),
  Image: text,
  /** The keys are destinations of anonymous volumes. */
  Volumes: keySet,
  WorkingDir: text,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: goList(z.string()),
  Labels: goStringMap,
  StopSignal: text,
  /** Seconds; absent means the default, -1 no bound. */
  StopTimeout: z.number().int().optional(),
  HostConfig: absent(hostConfigSchema),
  NetworkingConfig: absent(
    goObject({
      EndpointsConfig: z.preprocess(
        (value) => value ?? {},
        z.record(z.string(), absent(endpointSettingsSchema)),
      ),
    }),
  ),
});

/** The body of `POST /containers/create`: canonical keys, absent parts at their zero values. */
export type ContainerCreateBody = z.output<typeof containerCreateBodySchema>;

export const containerCreateResponseSchema = z.object({ Id: z.string(), Warnings: z.array(z.string()) });
export type ContainerCreateResponse = z.output<typeof containerCreateResponseSchema>;

/** `Error` only if waiting itself failed. */
export const containerWaitResponseSchema = z.object({
  StatusCode: z.number(),
  Error: z.object({ Message: z.string() }).nullish(),
});
export type ContainerWaitResponse = z.output<typeof containerWaitResponseSchema>;

export const containerPruneResponseSchema = z.object({
  ContainersDeleted: z.array(z.string()).nullable(),
  SpaceReclaimed: z.number(),
});
export type ContainerPruneResponse = z.output<typeof containerPruneResponseSchema>;

/** A mount as it is, in lists and inspect. */
export const mountPointSchema = z.object({
  Type: z.string(),
  Name: z.string().optional(),
  Source: z.string(),
  Destination: z.string(),
  Driver: z.string().optional(),
  Mode: z.string(),
  RW: z.boolean(),
  Propagation: z.string(),
});
export type MountPoint = z.output<typeof mountPointSchema>;

const networks = z.record(z.string(), z.looseObject({}));

export const containerSummarySchema = z.object({
  Id: z.string(),
  /** With a leading slash. */
  Names: z.array(z.string()),
  Image: z.string(),
  ImageID: z.string(),
  Command: z.string(),
  /** Seconds since 1970. */
  Created: z.number(),
  Ports: z.array(z.looseObject({})),
  SizeRw: z.number().optional(),
  SizeRootFs: z.number().optional(),
  Labels: z.record(z.string(), z.string()),
  State: z.string(),
  /** For people: `Up 3 minutes`. */
  Status: z.string(),
  HostConfig: z.object({ NetworkMode: z.string() }),
  NetworkSettings: z.object({ Networks: networks }),
  Mounts: z.array(mountPointSchema),
});
/** One row of `GET /containers/json`. */
export type ContainerSummary = z.output<typeof containerSummarySchema>;

export const containerStateSchema = z.object({
  Status: z.string(),
  Running: z.boolean(),
  Paused: z.boolean(),
  Restarting: z.boolean(),
  OOMKilled: z.boolean(),
  Dead: z.boolean(),
  Pid: z.number(),
  ExitCode: z.number(),
  Error: z.string(),
  StartedAt: z.string(),
  FinishedAt: z.string(),
  /** Only of a container that is asked for its health. */
  Health: z.looseObject({ Status: z.string() }).optional(),
});
export type ContainerState = z.output<typeof containerStateSchema>;

const stringsOrNull = z.array(z.string()).nullable();

export const containerInspectSchema = z.object({
  Id: z.string(),
  Created: z.string(),
  Path: z.string(),
  Args: z.array(z.string()),
  State: containerStateSchema,
  Image: z.string(),
  ResolvConfPath: z.string(),
  HostnamePath: z.string(),
  HostsPath: z.string(),
  LogPath: z.string(),
  /** With a leading slash. */
  Name: z.string(),
  RestartCount: z.number(),
  Driver: z.string(),
  Platform: z.string(),
  MountLabel: z.string(),
  ProcessLabel: z.string(),
  AppArmorProfile: z.string(),
  ExecIDs: stringsOrNull,
  HostConfig: z.looseObject({}),
  GraphDriver: z.object({ Name: z.string(), Data: z.record(z.string(), z.string()).nullable() }),
  SizeRw: z.number().optional(),
  SizeRootFs: z.number().optional(),
  Mounts: z.array(mountPointSchema),
  Config: z.object({
    Hostname: z.string(),
    Domainname: z.string(),
    User: z.string(),
    AttachStdin: z.boolean(),
    AttachStdout: z.boolean(),
    AttachStderr: z.boolean(),
    ExposedPorts: z.record(z.string(), z.unknown()).optional(),
    Tty: z.boolean(),
    OpenStdin: z.boolean(),
    StdinOnce: z.boolean(),
    Env: stringsOrNull,
    Cmd: stringsOrNull,
    Image: z.string(),
    Volumes: z.record(z.string(), z.unknown()).nullable(),
    WorkingDir: z.string(),
    Entrypoint: stringsOrNull,
    OnBuild: stringsOrNull,
    Labels: z.record(z.string(), z.string()),
    StopSignal: z.string().optional(),
    StopTimeout: z.number().optional(),
    Healthcheck: z.looseObject({}).optional(),
  }),
  NetworkSettings: z.looseObject({ Networks: networks }),
});
/** What `GET /containers/{id}/json` answers. */
export type ContainerInspect = z.output<typeof containerInspectSchema>;
