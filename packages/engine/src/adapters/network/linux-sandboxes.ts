import { messageOf, wrapError } from "../../core/errors.ts";
import type { StaticRoute } from "../../core/ports/network-driver.ts";
import type { Sandboxes, SandboxGateways, SandboxInterface } from "../../core/ports/sandboxes.ts";
import { type IpCommand, isMissingDevice, runIp } from "./ip-batch.ts";
import { NetworkNamespaces } from "./network-namespaces.ts";

export interface LinuxSandboxesOptions {
  /** Where the namespaces' files are; as short-lived as they are (a tmpfs). */
  readonly dir: string;
  /** The file of the network namespace that interfaces come from; the engine's own unless given. */
  readonly hostNamespace?: string;
}

/** Namespaces held by mounts, furnished by `ip`. */
export class LinuxSandboxes implements Sandboxes {
  readonly #namespaces: NetworkNamespaces;
  readonly #host: string;
  readonly #prefix: readonly string[];

  constructor({ dir, hostNamespace }: LinuxSandboxesOptions) {
    this.#namespaces = new NetworkNamespaces(dir);
    this.#host = hostNamespace ?? `/proc/${process.pid}/ns/net`;
    this.#prefix = hostNamespace === undefined ? [] : ["nsenter", `--net=${hostNamespace}`];
  }

  create(id: string): Promise<string> {
    return this.#namespaces.create(id);
  }

  adopt(id: string, pid: number): Promise<string> {
    return this.#namespaces.adopt(id, pid);
  }

  remove(id: string): Promise<void> {
    return this.#namespaces.remove(id);
  }

  list(): Promise<readonly string[]> {
    return this.#namespaces.list();
  }

  async addInterface(key: string, wanted: SandboxInterface, signal?: AbortSignal): Promise<void> {
    const { source, name, macAddress } = wanted;
    const moved: IpCommand[] = [
      ["link", "set", "dev", source, "down"],
      ["link", "set", "dev", source, "netns", key, "name", name],
    ];
    const furnished: IpCommand[] = [
      ...(macAddress === undefined ? [] : [["link", "set", "dev", name, "address", macAddress]]),
      ...wanted.addresses.map((address) => addAddress(name, address)),
      ["link", "set", "dev", name, "up"],
    ];
    try {
      await runIp([{ commands: moved }, { namespace: key, commands: furnished }], {
        prefix: this.#prefix,
        signal,
      });
    } catch (error) {
      await this.returnInterface(key, wanted).catch(() => undefined);
      throw wrapError(`add interface ${source} to sandbox as ${name}`, error);
    }
  }

  async returnInterface(key: string, { name, source }: { readonly name: string; readonly source: string }) {
    const commands: IpCommand[] = [
      ["link", "set", "dev", name, "down"],
      ["link", "set", "dev", name, "netns", this.#host, "name", source],
    ];
    try {
      await runIp([{ namespace: key, commands }]);
    } catch (error) {
      const reason = messageOf(error);
      // With the namespace or the driver's own side of it the interface may be gone already.
      if (!isMissingDevice(reason) && !/No such file|Invalid argument/.test(reason)) {
        throw wrapError(`take interface ${name} out of sandbox`, error);
      }
    }
  }

  async addAddresses(key: string, name: string, addresses: readonly string[]): Promise<void> {
    await this.#inside(
      key,
      addresses.map((address) => addAddress(name, address)),
    );
  }

  async addRoutes(key: string, name: string, routes: readonly StaticRoute[]): Promise<void> {
    await this.#inside(
      key,
      routes.map(({ destination, nextHop }) => [
        "route",
        "replace",
        destination,
        ...(nextHop === undefined ? ["dev", name] : ["via", nextHop]),
      ]),
    );
  }

  async setGateways(key: string, { ipv4, ipv6 }: SandboxGateways): Promise<void> {
    const route = (gateway: SandboxGateways["ipv4"], none: IpCommand): IpCommand =>
      gateway === undefined
        ? none
        : ["route", "replace", "default", "via", gateway.gateway, "dev", gateway.interfaceName];
    await this.#inside(key, [
      route(ipv4, ["route", "flush", "exact", "0.0.0.0/0"]),
      route(ipv6, ["route", "flush", "exact", "::/0"]),
    ]);
  }

  async #inside(key: string, commands: readonly IpCommand[]): Promise<void> {
    try {
      await runIp([{ namespace: key, commands }]);
    } catch (error) {
      throw wrapError(`set up sandbox ${key}`, error);
    }
  }
}

/** Of IPv6 without waiting for whether somebody else has it: nobody else was given it. */
export const addAddress = (name: string, address: string): IpCommand =>
  address.includes(":")
    ? ["addr", "add", address, "dev", name, "nodad"]
    : ["addr", "add", address, "broadcast", "+", "dev", name];
