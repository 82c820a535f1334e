import { mkdir, writeFile } from "node:fs/promises";
import { type CommandResult, mustRun, runCommand } from "./command.ts";
import { findPeer, peerEnvironment } from "./peers.ts";
import { TempDir } from "./temp-dir.ts";

/** A real Podman with storage of its own, in the host's namespaces; it has no daemon. */
export class TestPodman implements AsyncDisposable {
  readonly #dir: TempDir;

  private constructor(dir: TempDir) {
    this.#dir = dir;
  }

  /** `volumePlugins` are sockets by the name under which Podman knows them. */
  static async create(volumePlugins: Readonly<Record<string, string>>): Promise<TestPodman> {
    const dir = await TempDir.create("pm");
    for (const name of ["tmp", "networks"]) await mkdir(dir.join(name));
    // What ends a container for Podman is Podman again, run by conmon.
    const inherited = Object.entries(peerEnvironment()).map(([name, value]) => `"${name}=${value}"`);
    const plugins = Object.entries(volumePlugins).map(([name, socket]) => `${name} = "${socket}"`);
    // https://github.com/containers/common/blob/main/docs/containers.conf.5.md
    const lines = [
      "[containers]",
      'netns = "none"',
      "default_sysctls = []",
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      'log_driver = "k8s-file"',
      "[engine]",
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      'lock_type = "file"',
      'runtime = "runc"',
      `conmon_env_vars = [${inherited.join(", ")}]`,
      `static_dir = "${dir.join("static")}"`,
      `tmp_dir = "${dir.join("tmp")}"`,
      `volume_path = "${dir.join("volumes")}"`,
      "[network]",
      `network_config_dir = "${dir.join("networks")}"`,
      "[engine.volume_plugins]",
      ...plugins,
    ];
    await writeFile(dir.join("containers.conf"), `${lines.join("\n")}\n`);
    return new TestPodman(dir);
  }

  run(args: readonly string[], input?: Uint8Array): Promise<CommandResult> {
    return runCommand(findPeer("podman"), this.#arguments(args), { env: this.#environment(), input });
  }

  /** The same, meant to succeed; answers its standard output without the last newline. */
  async ok(args: readonly string[], input?: Uint8Array): Promise<string> {
    const options = { env: this.#environment(), input };
    return (await mustRun(findPeer("podman"), this.#arguments(args), options)).replace(/\n$/, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run(["rm", "--all", "--force", "--time", "0"]);
    await this.#dir[Symbol.asyncDispose]();
  }

  #arguments(args: readonly string[]): readonly string[] {
    const places = [`--root=${this.#dir.join("root")}`, `--runroot=${this.#dir.join("run")}`];
    return [...places, "--storage-driver=vfs", ...args];
  }

  #environment(): Record<string, string> {
    return {
      ...peerEnvironment(),
      HOME: this.#dir.path,
      TMPDIR: this.#dir.path,
      CONTAINERS_CONF: this.#dir.join("containers.conf"),
      XDG_RUNTIME_DIR: this.#dir.path,
    };
  }
}
