export { createLineLogger, type LogFields, type PluginLogger } from "./line-logger.ts";
export type { PluginDrivers } from "./plugin-drivers.ts";
export type { Call } from "./rpc/rpc-method.ts";
export { type PluginServer, type ServeOptions, servePlugin } from "./serve-plugin.ts";
export { MountCounter, type MountCounts } from "./volume/mount-counter.ts";
export type {
  Awaitable,
  CreateRequest,
  MountRequest,
  VolumeDriver,
  VolumeInfo,
  VolumeRequest,
  VolumeScope,
} from "./volume/volume-driver.ts";
