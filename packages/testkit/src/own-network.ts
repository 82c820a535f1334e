import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { mustRun } from "./command.ts";
import { DaemonProcess } from "./daemon-process.ts";
import { findPeer, peerEnvironment } from "./peers.ts";
import { TempDir } from "./temp-dir.ts";

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

  /** Makes what listens on a port of the host's 127.0.0.1 answer on the same port in here. */
  async letIn(port: number): Promise<AsyncDisposable> {
    await using cleanup = new AsyncDisposableStack();
    const dir = cleanup.use(await TempDir.create("in"));
    const between = dir.join("s");
    const server = createServer((inside) => {
      const outside = connect(port, "127.0.0.1");
      // Either end that hangs up takes the other with it.
      inside.pipe(outside).pipe(inside);
      inside.on("error", () => outside.destroy());
      outside.on("error", () => inside.destroy());
    });
    server.listen(between);
    await once(server, "listening");
    cleanup.defer(() => void server.close());
    const listen = `TCP-LISTEN:${String(port)},bind=127.0.0.1,fork,reuseaddr`;
    const args = ["--pdeathsig=KILL", ...this.enter, findPeer("socat"), "-d", "-d", listen];
    const relay = new DaemonProcess("setpriv", [...args, `UNIX-CONNECT:${between}`], peerEnvironment());
    cleanup.defer(async () => {
      relay.signal("SIGTERM");
      await relay.exited;
    });
    await relay.line("listening on");
    return cleanup.move();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = once(this.#holder, "exit");
    this.#holder.kill("SIGKILL");
    await ended;
  }
}
