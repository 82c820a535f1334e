import {
  type AuthResponse,
  type Info,
  parseInterfaceType,
  type RegistryAuth,
  type Version,
} from "@davit/protocol";
import type { HostFacts, ReadHostFacts } from "../../core/ports/host-facts.ts";
import type { Registry } from "../../core/ports/registry.ts";
import type { State } from "../../core/ports/state.ts";
import type { PluginCapability } from "../endpoints/plugin-endpoint.ts";
import type { UnmanagedEndpoints } from "../endpoints/unmanaged-endpoints.ts";
import type { EngineFacts } from "./engine-facts.ts";
import { hostInfo } from "./host-info.ts";
import { registryInfo } from "./registry-info.ts";

export interface SystemDependencies {
  readonly engine: EngineFacts;
  readonly state: Pick<State, "containers" | "images" | "plugins">;
  readonly registry: Pick<Registry, "login">;
  /** Plugins that the engine does not manage and knows to serve something. */
  readonly unmanaged: Pick<UnmanagedEndpoints, "used">;
  readonly readHostFacts: ReadHostFacts;
  readonly now: () => Date;
}

/** What the engine says of itself and its host. */
export class SystemService {
  readonly #dependencies: SystemDependencies;

  constructor(dependencies: SystemDependencies) {
    this.#dependencies = dependencies;
  }

  async version(): Promise<Version> {
    const { engine, readHostFacts } = this.#dependencies;
    const { kernelVersion } = await readHostFacts();
    const facts = {
      ApiVersion: engine.apiVersion,
      Arch: engine.architecture,
      BuildTime: engine.buildTime,
      GitCommit: engine.gitCommit,
      GoVersion: engine.platformVersion,
      KernelVersion: kernelVersion,
      MinAPIVersion: engine.minApiVersion,
      Os: "linux",
    };
    return {
      Platform: { Name: engine.name },
      Components: [
        // Clients know the engine's own row by this name.
        { Name: "Engine", Version: engine.version, Details: { ...facts, Experimental: "false" } },
        ...engine.components.map(({ name, version }) => ({ Name: name, Version: version, Details: {} })),
      ],
      Version: engine.version,
      ...facts,
    };
  }

  async info(): Promise<Info> {
    const { engine, state, readHostFacts, now } = this.#dependencies;
    const host = await readHostFacts();
    const containers = state.containers.list();
    const running = containers.filter(({ status }) => status === "running").length;
    return {
      ID: engine.id,
      Containers: containers.length,
      ContainersRunning: running,
      ContainersPaused: 0,
      ContainersStopped: containers.length - running,
      Images: state.images.list().length,
      Driver: "overlay2",
      DriverStatus: [["Supports d_type", "true"]],
      Plugins: this.#plugins(),
      ...hostInfo(host),
      ...engineInfo(engine),
      ...registryInfo(engine.registries),
      SystemTime: now().toISOString(),
      Warnings: warningsOf(host),
    };
  }

  /** Checks credentials with their registry. */
  async login(auth: RegistryAuth, signal: AbortSignal): Promise<AuthResponse> {
    const identityToken = await this.#dependencies.registry.login(auth, signal);
    return { IdentityToken: identityToken, Status: "Login Succeeded" };
  }

  #plugins(): Info["Plugins"] {
    const { drivers } = this.#dependencies.engine;
    const withPlugins = (builtIn: readonly string[], capability: PluginCapability) => {
      const others = this.#dependencies.unmanaged.used(capability);
      return [...new Set([...builtIn, ...this.#enabledPlugins(capability), ...others])].sort();
    };
    const { authorization } = drivers;
    return {
      Volume: withPlugins(drivers.volume, "volumedriver"),
      Network: withPlugins(drivers.network, "networkdriver"),
      // In the order in which they are asked.
      Authorization: authorization.length === 0 ? null : [...authorization],
      Log: withPlugins(drivers.log, "logdriver"),
    };
  }

  #enabledPlugins(capability: string): readonly string[] {
    return this.#dependencies.state.plugins
      .list()
      .filter(({ enabled, config }) => {
        const types = config.Interface.Types.map(parseInterfaceType);
        return enabled && types.some((type) => type.prefix === "docker" && type.capability === capability);
      })
      .map(({ name }) => name);
  }
}

const noSwarm = {
  NodeID: "",
  NodeAddr: "",
  LocalNodeState: "inactive",
  ControlAvailable: false,
  Error: "",
  RemoteManagers: null,
};

function engineInfo(engine: EngineFacts) {
  const pools = engine.addressPools.map(({ base, size }) => ({ Base: base, Size: size }));
  const runtime = engine.components.find(({ name }) => name === engine.defaultRuntime);
  const none = { ID: "", Expected: "" };
  return {
    ServerVersion: engine.version,
    DockerRootDir: engine.rootDir,
    Debug: engine.debug,
    LoggingDriver: engine.defaultLogDriver,
    LiveRestoreEnabled: engine.liveRestore,
    ...(pools.length === 0 ? {} : { DefaultAddressPools: pools }),
    Runtimes: { [engine.defaultRuntime]: { path: engine.defaultRuntime } },
    DefaultRuntime: engine.defaultRuntime,
    // The same twice: clients remark on a version other than the expected one.
    RuncCommit: { ID: runtime?.version ?? "", Expected: runtime?.version ?? "" },
    ContainerdCommit: none,
    InitCommit: none,
    InitBinary: "",
    Isolation: "",
    Swarm: noSwarm,
    ClusterStore: "",
    ClusterAdvertise: "",
    ExperimentalBuild: false,
    HttpProxy: engine.proxies.http,
    HttpsProxy: engine.proxies.https,
    NoProxy: engine.proxies.none,
    Labels: [...engine.labels],
    GenericResources: null,
    SystemStatus: null,
    NFd: -1,
    NGoroutines: 0,
    NEventsListener: 0,
  };
}

/** What an operator should know; never what the engine does not use. */
function warningsOf(host: HostFacts): string[] {
  const warnings: string[] = [];
  if (!host.cgroupControllers.includes("memory")) warnings.push("WARNING: No memory limit support");
  if (!host.seccomp)
    warnings.push("WARNING: No seccomp support: plugins and containers run without a filter");
  if (!host.ipv4Forwarding) warnings.push("WARNING: IPv4 forwarding is disabled");
  return warnings;
}
