import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ApiAnswer, type ApiRequestOptions, requestApi } from "./api-request.ts";
import { type CommandOptions, type CommandResult, runCommand } from "./command.ts";
import type { DaemonProcess } from "./daemon-process.ts";
import type { OwnNetwork } from "./own-network.ts";
import { findPeer, peerEnvironment } from "./peers.ts";
import { TempDir } from "./temp-dir.ts";

export interface EngineStart {
  readonly dir: string;
  readonly socket: string;
  readonly dataRoot: string;
  readonly pluginSocketDir: string;
  readonly pluginSpecDir: string;
  /** What the command begins with, so that it runs in a network namespace of its own; empty if it runs in the host's. */
  readonly enterNetwork: readonly string[];
}

/** How one engine's daemon is started and asked to stop. */
export interface EngineKind {
  readonly name: "davitd" | "dockerd";
  spawn(start: EngineStart): DaemonProcess;
  /** The process that signals are for. */
  pid(daemon: DaemonProcess): Promise<number>;
}

/** A throwaway engine with roots of its own; the same shape for davitd and for dockerd. */
export class TestEngine implements AsyncDisposable {
  readonly #kind: EngineKind;
  readonly #temp: TempDir;
  readonly #network: OwnNetwork | undefined;
  #daemon: DaemonProcess;
  /** Whether a test has ended the daemon. */
  #ended = false;

  private constructor(kind: EngineKind, temp: TempDir, network: OwnNetwork | undefined) {
    this.#kind = kind;
    this.#temp = temp;
    this.#network = network;
    this.#daemon = kind.spawn(startOf(temp, network));
  }

  /** The network namespace, if one is given, goes with the engine. */
  static async start(kind: EngineKind, network?: OwnNetwork): Promise<TestEngine> {
    const temp = await TempDir.create("d");
    const { pluginSocketDir, pluginSpecDir } = startOf(temp);
    await Promise.all([temp.join("docker-config"), pluginSocketDir, pluginSpecDir].map((dir) => mkdir(dir)));
    await writeFile(temp.join("daemon.json"), "{}");
    const engine = new TestEngine(kind, temp, network);
    try {
      await engine.#ready();
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
    return engine;
  }

  get name(): "davitd" | "dockerd" {
    return this.#kind.name;
  }
  /** The directory of everything it owns. */
  get dir(): string {
    return this.#temp.path;
  }
  get socket(): string {
    return startOf(this.#temp).socket;
  }
  get dataRoot(): string {
    return startOf(this.#temp).dataRoot;
  }
  /** Where it looks for sockets of plugins that it does not manage. */
  get pluginSocketDir(): string {
    return startOf(this.#temp).pluginSocketDir;
  }
  /** Where it looks for their `.spec` and `.json` files. */
  get pluginSpecDir(): string {
    return startOf(this.#temp).pluginSpecDir;
  }
  /** The network namespace of its own that it runs in. */
  get network(): OwnNetwork {
    if (this.#network === undefined) throw new Error(`${this.name} runs in the host's network`);
    return this.#network;
  }
  get isRunning(): boolean {
    return this.#daemon.isRunning;
  }
  /** What the daemon has printed since its last start. */
  get log(): readonly string[] {
    return this.#daemon.log;
  }

  /** Waits for a line of the daemon's log; one that is there already counts, unless it lies before `from`. */
  line(pattern: string | RegExp, from = 0): Promise<string> {
    return this.#daemon.line(pattern, from);
  }

  pid(): Promise<number> {
    return this.#kind.pid(this.#daemon);
  }

  /** Runs the unmodified docker CLI against this engine. */
  docker(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return runCommand(findPeer("docker"), args, {
      ...options,
      env: { ...this.environment(), ...options.env },
    });
  }

  /** The same, meant to succeed; answers its standard output without the last newline. */
  async ok(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { stdout, stderr, exitCode } = await this.docker(args, options);
    if (exitCode !== 0) {
      throw new Error(`docker ${args.join(" ")}: exit code ${String(exitCode)}: ${stderr}${stdout}`);
    }
    return stdout.replace(/\n$/, "");
  }

  /** What makes any client of the Engine API talk to this engine, with a configuration of its own. */
  environment(): Record<string, string> {
    return {
      ...peerEnvironment(),
      HOME: this.dir,
      DOCKER_HOST: `unix://${this.socket}`,
      DOCKER_CONFIG: join(this.dir, "docker-config"),
      DOCKER_CLI_HINTS: "false",
    };
  }

  /** One request to its API, as written. */
  request(method: string, path: string, options?: ApiRequestOptions): Promise<ApiAnswer> {
    return requestApi(this.socket, method, path, options);
  }

  /** Asks the daemon to stop; answers its exit code. */
  async stop(): Promise<number> {
    this.#ended = true;
    process.kill(await this.pid(), "SIGTERM");
    return this.#daemon.exited;
  }

  /** Kills the daemon, and nothing else. */
  async kill(): Promise<void> {
    this.#ended = true;
    process.kill(await this.pid(), "SIGKILL");
    await this.#daemon.exited;
  }

  /** Starts it again on the same roots. */
  async start(): Promise<void> {
    this.#daemon = this.#kind.spawn(startOf(this.#temp, this.#network));
    this.#ended = false;
    await this.#ready();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon.isRunning) {
      process.kill(await this.pid(), "SIGTERM");
      const deadline = setTimeout(() => this.#daemon.signal("SIGKILL"), 20_000);
      await this.#daemon.exited.catch(() => undefined);
      clearTimeout(deadline);
    } else if (!this.#ended) {
      console.error(`${this.name} ended by itself; its last lines:\n${this.log.slice(-20).join("\n")}`);
    }
    await this.#temp[Symbol.asyncDispose]();
    await this.#network?.[Symbol.asyncDispose]();
  }

  async #ready(): Promise<void> {
    await this.#daemon.line("API listen on");
  }
}

const startOf = (temp: TempDir, network?: OwnNetwork): EngineStart => ({
  dir: temp.path,
  socket: temp.join("api.sock"),
  dataRoot: temp.join("data"),
  pluginSocketDir: temp.join("p"),
  pluginSpecDir: temp.join("specs"),
  enterNetwork: network?.enter ?? [],
});
