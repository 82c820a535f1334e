import * as z from "zod";

// https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System

/** What `GET /version` answers. */
export const versionSchema = z.looseObject({
  Platform: z.object({ Name: z.string() }).optional(),
  Components: z
    .array(
      z.object({
        Name: z.string(),
        Version: z.string(),
        Details: z.record(z.string(), z.string()).nullish(),
      }),
    )
    .nullish(),
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().optional(),
  GitCommit: z.string().optional(),
  GoVersion: z.string().optional(),
  Os: z.string().optional(),
  Arch: z.string().optional(),
  KernelVersion: z.string().optional(),
  BuildTime: z.string().optional(),
});
export type Version = z.output<typeof versionSchema>;

const names = z.array(z.string()).nullish();

/** What `GET /info` answers; more keys than these are there. */
export const infoSchema = z.looseObject({
  ID: z.string(),
  Containers: z.number(),
  ContainersRunning: z.number(),
  ContainersPaused: z.number(),
  ContainersStopped: z.number(),
  Images: z.number(),
  Driver: z.string(),
  Plugins: z.object({ Volume: names, Network: names, Authorization: names, Log: names }),
  LoggingDriver: z.string().optional(),
  CgroupDriver: z.string().optional(),
  CgroupVersion: z.string().optional(),
  KernelVersion: z.string(),
  OperatingSystem: z.string(),
  OSVersion: z.string().optional(),
  OSType: z.string(),
  Architecture: z.string(),
  NCPU: z.number(),
  MemTotal: z.number(),
  DockerRootDir: z.string(),
  Name: z.string(),
  Labels: names,
  ServerVersion: z.string(),
  DefaultRuntime: z.string().optional(),
  LiveRestoreEnabled: z.boolean().optional(),
  SecurityOptions: names,
  Warnings: names,
});
export type Info = z.output<typeof infoSchema>;

/** What `POST /auth` answers. */
export const authResponseSchema = z.object({ IdentityToken: z.string(), Status: z.string() });
export type AuthResponse = z.output<typeof authResponseSchema>;
