export type {
  AuthorizationDecision,
  AuthorizationRequest,
  AuthorizationResponse,
  Authorizer,
} from "./authz/authorizer.ts";
export type { Awaitable } from "./awaitable.ts";
export type {
  AddressRelease,
  AddressRequest,
  AddressSpaces,
  GivenAddress,
  GivenPool,
  IpamDriver,
  PoolRelease,
  PoolRequest,
} from "./ipam/ipam-driver.ts";
export { createLineLogger, type LogFields, type PluginLogger } from "./line-logger.ts";
export type { LogContainer, LogDriver, LogLine, LogQuery } from "./log/log-driver.ts";
export type { MetricsCollector } from "./metrics/metrics-collector.ts";
export {
  engineMetricsSocket,
  type ReadMetricsOptions,
  readEngineMetrics,
} from "./metrics/read-engine-metrics.ts";
export type {
  AllocateNetworkRequest,
  ChosenAddresses,
  CreateEndpointRequest,
  CreateNetworkRequest,
  EndpointRequest,
  GatewayCheck,
  JoinAnswer,
  JoinRequest,
  NetworkDriver,
  NetworkPool,
  NetworkRequest,
  NetworkScope,
  NodeNotice,
  PortsRequest,
  StaticRoute,
} from "./network/network-driver.ts";
export { type ExposedPort, exposedPorts, type PublishedPort, publishedPorts } from "./network/ports.ts";
export type { PluginDrivers } from "./plugin-drivers.ts";
export type { Call } from "./rpc/rpc-method.ts";
export { type PluginServer, type ServeOptions, servePlugin } from "./serve-plugin.ts";
export { type StateChange, StateFile, type StateFileOptions } from "./state-file.ts";
export { MountCounter, type MountCounts } from "./volume/mount-counter.ts";
export type {
  CreateRequest,
  MountRequest,
  VolumeDriver,
  VolumeInfo,
  VolumeRequest,
  VolumeScope,
} from "./volume/volume-driver.ts";
