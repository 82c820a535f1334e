import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mustRun } from "./command.ts";
import { peerEnvironment } from "./peers.ts";

const journald = "/lib/systemd/systemd-journald";
const socket = "/run/systemd/journal/socket";
// Left open for whoever may die with what holds it.
const ownFiles = [
  "mount -t tmpfs tmpfs /run",
  "mount -t tmpfs tmpfs /var/log",
  "mkdir -p /run/systemd/journal",
  "echo 0123456789abcdef0123456789abcdef > /run/machine-id",
  "mount --bind /run/machine-id /etc/machine-id",
];

/** A real systemd-journald in a mount namespace with a /run and a /var/log of its own, which ends with it. */
export class TestJournal implements AsyncDisposable {
  readonly #holder: ChildProcess;
  #daemon: ChildProcess | undefined;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async start(): Promise<TestJournal> {
    const script = [...ownFiles, "echo ready", "exec cat"].join(" && ");
    const args = ["--pdeathsig=KILL", "unshare", "--mount", "--propagation=private", "sh", "-c", script];
    const holder = spawn("setpriv", args, { env: peerEnvironment(), stdio: ["pipe", "pipe", "inherit"] });
    const ready: unknown = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
    if (!String(ready).startsWith("ready")) throw new Error("no mount namespace can be made");
    const journal = new TestJournal(holder);
    await journal.startDaemon();
    return journal;
  }

  /** What a command begins with that is to run where the journal is. */
  get enter(): readonly string[] {
    return ["nsenter", `--mount=/proc/${String(this.#holder.pid)}/ns/mnt`];
  }

  get pid(): number {
    return this.#daemon?.pid ?? 0;
  }

  /** Resolves when it listens. */
  async startDaemon(): Promise<void> {
    await this.run("rm", "-f", socket);
    const args = ["--pdeathsig=KILL", ...this.enter, journald];
    this.#daemon = spawn("setpriv", args, { env: peerEnvironment(), stdio: ["ignore", "ignore", "inherit"] });
    // It answers once it serves; until then there is nothing to ask.
    const answers = `until [ -S ${socket} ] && journalctl --sync 2>/dev/null; do :; done`;
    await this.run("timeout", "20", "sh", "-c", answers);
  }

  async stopDaemon(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    this.#daemon = undefined;
    const ended = once(daemon, "exit");
    daemon.kill("SIGTERM");
    await ended;
  }

  /** Runs a program in there that is meant to succeed; answers its standard output. */
  run(command: string, ...args: readonly string[]): Promise<string> {
    const [nsenter = "", ...entering] = this.enter;
    return mustRun(nsenter, [...entering, command, ...args], { env: peerEnvironment() });
  }

  /** What it has that matches, by `journalctl -o json`. */
  async entries(...matches: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    await this.run("journalctl", "--sync");
    const args = ["--output=json", "--all", "--quiet", "--no-pager", ...matches];
    const text = await this.run("journalctl", ...args);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopDaemon();
    const ended = once(this.#holder, "exit");
    this.#holder.kill("SIGKILL");
    await ended;
  }
}
