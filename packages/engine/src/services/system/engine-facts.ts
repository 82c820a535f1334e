/** What is known of the engine when it starts. */
export interface EngineFacts {
  /** Stays the same for one data root. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly gitCommit: string;
  /** RFC 3339, or empty. */
  readonly buildTime: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  /** What it runs on: `node v24.1.0`. */
  readonly platformVersion: string;
  /** As Go and registries call it: `amd64`. */
  readonly architecture: string;
  readonly rootDir: string;
  readonly debug: boolean;
  /** Whether plugins and containers outlive the engine. */
  readonly liveRestore: boolean;
  /** Where networks get their subnets from; none if nothing was set. */
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
  readonly labels: readonly string[];
  /** Programs that it works with, such as `runc` and `conmon`. */
  readonly components: readonly { readonly name: string; readonly version: string }[];
  /** The name of one of the components. */
  readonly defaultRuntime: string;
  readonly defaultLogDriver: string;
  /** Built-in drivers; `authorization`: plugins, in the order in which they are asked. */
  readonly drivers: Readonly<Record<"volume" | "network" | "log" | "authorization", readonly string[]>>;
  readonly registries: RegistryFacts;
  readonly proxies: Readonly<Record<"http" | "https" | "none", string>>;
}

export interface RegistryFacts {
  /** Hosts with port, or CIDR ranges, that are reached without verified TLS. */
  readonly insecure: readonly string[];
  readonly mirrors: readonly string[];
}
