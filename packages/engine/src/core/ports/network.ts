export interface PublishedPort {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp" | "sctp";
  /** All addresses if it is absent. */
  readonly hostAddress?: string;
}

export interface NetworkRequest {
  /** The plugin's or container's ID. */
  readonly id: string;
  /** The network namespace, as `createNamespace` answered it. */
  readonly namespace: string;
  readonly ports: readonly PublishedPort[];
}

export interface NetworkAttachment {
  /** Inside the namespace: `eth0`. */
  readonly interfaceName: string;
  readonly macAddress: string;
  /** With prefix length: `10.89.0.2/16`. */
  readonly addresses: readonly string[];
  readonly gateway: string | undefined;
  /** The host's bridge. */
  readonly bridge: string;
}

/** The default network: one bridge on the host, an address for each that joins. */
export interface Network {
  /** True, or why processes cannot be attached on this host. */
  available(): Promise<true | string>;
  /** A fresh network namespace that lasts until it is removed; answers its path. One left over from before is replaced. */
  createNamespace(id: string): Promise<string>;
  /** Detaches the namespace, if it was attached, and removes it; one that is not there is no error. */
  removeNamespace(id: string): Promise<void>;
  /** Joins a namespace to the bridge and publishes its ports. What is half done after a failure is undone. */
  attach(request: NetworkRequest, signal?: AbortSignal): Promise<NetworkAttachment>;
  /** Releases the address and the ports; one that is not attached is no error. */
  detach(id: string): Promise<void>;
  /** IDs that have a namespace, as a crash may have left them. */
  list(): Promise<readonly string[]>;
}
