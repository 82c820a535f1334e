import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface LinkPair {
  /** The end that stays. */
  readonly host: string;
  /** The end that goes into a container. */
  readonly container: string;
}

/** The interfaces of the network namespace that this process runs in, by ip(8). Needs CAP_NET_ADMIN. Everything can be repeated. */
export class HostLinks {
  readonly #ip: readonly [string, ...string[]];

  /** `ip` is what the command begins with, for another namespace than this process's. */
  constructor(ip: readonly [string, ...string[]] = ["ip"]) {
    this.#ip = ip;
  }

  /** A bridge that is up, with these addresses. */
  async addBridge(name: string, addresses: readonly string[]): Promise<void> {
    if (!(await this.has(name))) await this.#run("link", "add", name, "type", "bridge");
    for (const address of addresses) await this.#run("address", "replace", address, "dev", name, "nodad");
    await this.#run("link", "set", name, "up");
  }

  /** A pair of which the host's end is a port of the bridge. */
  async addPair({ host, container }: LinkPair, bridge: string, macAddress: string): Promise<void> {
    if (!(await this.has(host))) {
      const peer = ["peer", "name", container, "address", macAddress];
      await this.#run("link", "add", host, "type", "veth", ...peer);
    }
    await this.#run("link", "set", host, "master", bridge, "up");
  }

  /** With one end of a pair the other goes too, wherever it is. */
  async remove(name: string): Promise<void> {
    if (await this.has(name)) await this.#run("link", "delete", name);
  }

  async has(name: string): Promise<boolean> {
    try {
      await this.#run("link", "show", "dev", name);
      return true;
    } catch (error) {
      if (error instanceof Error && error.message.includes("does not exist")) return false;
      throw error;
    }
  }

  async #run(...args: readonly string[]): Promise<void> {
    const [program, ...before] = this.#ip;
    try {
      await run(program, [...before, ...args]);
    } catch (error) {
      const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
      const reason = said === "" ? String(error) : said;
      throw new Error(`ip ${args.join(" ")}: ${reason}`, { cause: error });
    }
  }
}
