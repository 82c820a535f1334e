export { type ApiAnswer, type ApiRequestOptions, requestApi } from "./api-request.ts";
export { busyboxRootfs } from "./busybox-image.ts";
export {
  CertificateAuthority,
  type CertificateOptions,
  type IssuedCertificate,
} from "./certificates.ts";
export { type CommandOptions, type CommandResult, mustRun, runCommand } from "./command.ts";
export { daemonRoots, startDavitd, startDavitdInOwnNetwork, startDavitdWithJournal } from "./davitd.ts";
export { type DockerRegistry, type DockerRegistryOptions, startDockerRegistry } from "./docker-registry.ts";
export { startDockerd, startDockerdInOwnNetwork } from "./dockerd.ts";
export type { TestEngine } from "./engine.ts";
export { mountsBelow, processesOf } from "./leftovers.ts";
export { OwnNetwork } from "./own-network.ts";
export { findPeer, peerEnvironment, repository } from "./peers.ts";
export { ipamDriverAnswers } from "./plugins/ipam-driver-answers.ts";
export { LogReceiver, type LogReceiverOptions, type ReceivedLog } from "./plugins/log-receiver.ts";
export { networkDriverAnswers } from "./plugins/network-driver-answers.ts";
export { type AuthoredConfig, writePluginDir } from "./plugins/plugin-dir.ts";
export {
  type PluginAnswer,
  type PluginCall,
  PluginReply,
  type PluginServer,
  type PluginServerOptions,
  pluginError,
  startPluginServer,
} from "./plugins/plugin-server.ts";
export { factsOf, writeProbePlugin } from "./plugins/probe-plugin.ts";
export { writeRclonePlugin } from "./plugins/rclone-plugin.ts";
export { type RelayOptions, writeRelayPlugin } from "./plugins/relay-plugin.ts";
export { volumeAnswers } from "./plugins/volume-answers.ts";
export { volumePluginConfig, writeVolumePlugin } from "./plugins/volume-plugin.ts";
export { TestPodman } from "./podman.ts";
export { layerOf, type PublishedDescriptor, publishBlob, publishManifest } from "./registry-content.ts";
export { type RegistryProxy, startRegistryProxy } from "./registry-proxy.ts";
export { freezePlugin, pluginPid, runtimePid, statusOf } from "./running-process.ts";
export {
  type Script,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
} from "./scripted-server.ts";
export { TempDir } from "./temp-dir.ts";
export { TestJournal } from "./test-journal.ts";
export { startTokenServer, type TokenServer } from "./token-server.ts";
export { WebsocketClient, type WebsocketMessage } from "./websocket-client.ts";
