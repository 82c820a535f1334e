export { type RegistryAuth, registryAuthSchema } from "./engine-api/auth.ts";
export {
  type ContainerCreateBody,
  type ContainerCreateResponse,
  type ContainerInspect,
  type ContainerPruneResponse,
  type ContainerState,
  type ContainerSummary,
  type ContainerWaitResponse,
  containerCreateBodySchema,
  containerCreateResponseSchema,
  containerInspectSchema,
  containerPruneResponseSchema,
  containerStateSchema,
  containerSummarySchema,
  containerWaitResponseSchema,
  type MountPoint,
  mountPointSchema,
} from "./engine-api/container.ts";
export { type Event, eventSchema } from "./engine-api/event.ts";
export {
  type ExecCreateBody,
  type ExecInspect,
  execCreateBodySchema,
  execStartBodySchema,
} from "./engine-api/exec.ts";
export {
  type HostConfig,
  hostConfigSchema,
  type MountRequest,
  mountRequestSchema,
} from "./engine-api/host-config.ts";
export { humanDuration } from "./engine-api/human-duration.ts";
export {
  type ImageDeleted,
  type ImageHistoryItem,
  type ImageInspect,
  type ImagePruneResponse,
  type ImageSummary,
  imageDeletedSchema,
  imageHistoryItemSchema,
  imageInspectSchema,
  imagePruneResponseSchema,
  imageSummarySchema,
} from "./engine-api/image.ts";
export {
  type EndpointSettings,
  endpointSettingsSchema,
  type Network,
  type NetworkCreateBody,
  type NetworkCreateResponse,
  type NetworkPruneResponse,
  networkConnectBodySchema,
  networkCreateBodySchema,
  networkCreateResponseSchema,
  networkDisconnectBodySchema,
  networkPruneResponseSchema,
  networkSchema,
} from "./engine-api/network.ts";
export { type Plugin, pluginSchema, pluginSetBodySchema } from "./engine-api/plugin.ts";
export { type Progress, progressSchema } from "./engine-api/progress.ts";
export {
  type AuthResponse,
  authResponseSchema,
  type Info,
  infoSchema,
  type Version,
  versionSchema,
} from "./engine-api/system.ts";
export {
  type Volume,
  type VolumeCreateBody,
  type VolumeList,
  volumeCreateBodySchema,
  volumeListSchema,
  volumeSchema,
} from "./engine-api/volume.ts";
export { describeIssue, goList, goObject, goStringMap } from "./json.ts";
export { type Digest, digestHex, digestPattern, digestSchema, isDigest } from "./oci/digest.ts";
export { type ImageConfig, imageConfigSchema } from "./oci/image-config.ts";
export {
  type Descriptor,
  descriptorSchema,
  type Index,
  indexSchema,
  type Manifest,
  manifestSchema,
} from "./oci/manifest.ts";
export { isIndexType, isLayerType, mediaTypes } from "./oci/media-types.ts";
export {
  canonicalName,
  familiarName,
  familiarRepository,
  InvalidReferenceError,
  parseReference,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from "./oci/reference.ts";
export {
  type PluginConfig,
  type PluginDevice,
  type PluginEnv,
  type PluginMount,
  type PluginSettings,
  pluginConfigSchema,
  pluginSettingsSchema,
} from "./plugin/config.ts";
export { pluginDefinitionSchema } from "./plugin/definition-file.ts";
export {
  engineRecordSchema,
  type FormerSettings,
  formerConfigSchema,
  formerEntrySchema,
  formerIndexSchema,
  formerSettingsSchema,
} from "./plugin/former.ts";
export { type InterfaceType, parseInterfaceType } from "./plugin/interface-type.ts";
export { type Privilege, privilegesSchema } from "./plugin/privilege.ts";
export { activationSchema } from "./plugin-rpc/activation.ts";
export {
  type AuthorizationCall,
  type AuthorizationVerdict,
  authorizationRequests,
  authorizationResponses,
} from "./plugin-rpc/authz.ts";
export { ipamDriverRequests, ipamDriverResponses, ipamKeys } from "./plugin-rpc/ipam-driver.ts";
export { type LogInfo, logDriverRequests, logDriverResponses } from "./plugin-rpc/log-driver.ts";
export {
  decodeLogEntry,
  encodeLogEntry,
  LogEntryError,
  type LogEntryMessage,
  LogEntrySplitter,
} from "./plugin-rpc/log-entry.ts";
export {
  networkDriverRequests,
  networkDriverResponses,
  portOptions,
  routeTypes,
} from "./plugin-rpc/network-driver.ts";
export {
  type DriverVolume,
  pluginMediaType,
  volumeDriverRequests,
  volumeDriverResponses,
} from "./plugin-rpc/volume-driver.ts";
