import type { StaticRoute } from "./network-driver.ts";

/** An interface that is moved from the host into a sandbox. */
export interface SandboxInterface {
  /** On the host, now. */
  readonly source: string;
  /** In the sandbox, afterwards. */
  readonly name: string;
  readonly macAddress?: string | undefined;
  /** In CIDR notation. */
  readonly addresses: readonly string[];
}

/** Where packets leave a sandbox; absent where they do not. */
export interface SandboxGateways {
  readonly ipv4?: { readonly gateway: string; readonly interfaceName: string } | undefined;
  readonly ipv6?: { readonly gateway: string; readonly interfaceName: string } | undefined;
}

/** Network namespaces that need no process to last, each by its owner's ID. */
export interface Sandboxes {
  /** A fresh one with loopback up, in place of one left over; answers the path of its file. */
  create(id: string): Promise<string>;
  /** The one of its owner, or else the namespace that a process is in, held from now on; answers the path of its file. */
  adopt(id: string, pid: number): Promise<string>;
  /** With every interface in it; one that is not there is no error. */
  remove(id: string): Promise<void>;
  list(): Promise<readonly string[]>;
  addInterface(key: string, wanted: SandboxInterface, signal?: AbortSignal): Promise<void>;
  /** Gives an interface back to the host under its old name; one that is not there is no error. */
  returnInterface(key: string, wanted: { readonly name: string; readonly source: string }): Promise<void>;
  addAddresses(key: string, name: string, addresses: readonly string[]): Promise<void>;
  addRoutes(key: string, name: string, routes: readonly StaticRoute[]): Promise<void>;
  setGateways(key: string, gateways: SandboxGateways): Promise<void>;
}
