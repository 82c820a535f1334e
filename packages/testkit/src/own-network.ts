import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mustRun } from "./command.ts";
import { peerEnvironment } from "./peers.ts";

/**
 * A network namespace with nothing but loopback. It lives until it is disposed, whoever joins and leaves it; whatever is made there of
 * bridges, addresses and packet filters ends with it.
 */
export class OwnNetwork implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async create(): Promise<OwnNetwork> {
    const script = "ip link set lo up && echo ready && exec cat";
    const args = ["--pdeathsig=KILL", "unshare", "--net", "sh", "-c", script];
    const holder = spawn("setpriv", args, { env: peerEnvironment(), stdio: ["pipe", "pipe", "inherit"] });
    const ready: unknown = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
    if (!String(ready).startsWith("ready")) throw new Error("no network namespace can be made");
    return new OwnNetwork(holder);
  }

  /** The namespace's file. */
  get path(): string {
    return `/proc/${String(this.#holder.pid)}/ns/net`;
  }

  /** What a command begins with that is to run in it. */
  get enter(): readonly string[] {
    return ["nsenter", `--net=${this.path}`];
  }

  /** Runs a program in it that is meant to succeed; answers its standard output. */
  run(command: string, ...args: readonly string[]): Promise<string> {
    const [nsenter = "", ...entering] = this.enter;
    return mustRun(nsenter, [...entering, command, ...args], { env: peerEnvironment() });
  }

  /** Names of its interfaces but for loopback. */
  async interfaces(): Promise<readonly string[]> {
    const lines = (await this.run("ip", "-o", "link")).split("\n");
    return lines.flatMap((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? []).filter((name) => name !== "lo");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = once(this.#holder, "exit");
    this.#holder.kill("SIGKILL");
    await ended;
  }
}
