import { DaemonProcess } from "./daemon-process.ts";
import { type EngineKind, TestEngine } from "./engine.ts";
import { childrenOf } from "./leftovers.ts";
import { OwnNetwork } from "./own-network.ts";
import { findPeer, peerEnvironment } from "./peers.ts";

// dockerd writes /etc/docker/key.json, uses /run/docker/plugins whatever its roots are, and joins the system's
// containerd if it finds its socket. In mount and PID namespaces of its own it sees private ones, and whatever it starts
// or mounts ends with it. Plugins that it does not manage are found where the test can put them.
const script = `
  set -e
  mkdir -p "$1/etc/upper" "$1/etc/work"
  mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc/upper,workdir=$1/etc/work" /etc
  rm -rf /etc/docker
  mount -t tmpfs tmpfs /run
  mkdir -p /etc/docker/plugins /run/docker/plugins
  mount --bind "$2" /run/docker/plugins
  mount --bind "$3" /etc/docker/plugins
  mount --make-rshared /
  shift 3
  exec "$@"
`;

const dockerd = (extraFlags: readonly string[]): EngineKind => ({
  name: "dockerd",
  spawn: ({ dir, socket, dataRoot, pluginSocketDir, pluginSpecDir, enterNetwork }) => {
    const flags = [...extraFlags, `--host=unix://${socket}`, `--data-root=${dataRoot}`];
    const paths = [
      `--exec-root=${dir}/exec`,
      `--pidfile=${dir}/dockerd.pid`,
      `--config-file=${dir}/daemon.json`,
      // Where it is unpacked only, its own link leads nowhere.
      "--init-path=/usr/bin/tini-static",
    ];
    const namespaces = [
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      "--propagation=private",
    ];
    const own = [dir, pluginSocketDir, pluginSpecDir];
    const command = ["sh", "-c", script, "dockerd", ...own, findPeer("dockerd"), ...flags, ...paths];
    const args = ["--pdeathsig=KILL", ...enterNetwork, "unshare", ...namespaces, ...command];
    return new DaemonProcess("setpriv", args, peerEnvironment());
  },
  // unshare waits for the daemon, its only child.
  pid: async (daemon) => {
    const [pid] = await childrenOf(daemon.pid);
    if (pid === undefined) throw new Error("dockerd does not run");
    return pid;
  },
});

/** A real dockerd: the engine that davitd is compared with. It has no networks of its own. */
export const startDockerd = (): Promise<TestEngine> =>
  TestEngine.start(dockerd(["--iptables=false", "--bridge=none"]));

/** The same in a network namespace of its own, with all that it makes there. */
export const startDockerdInOwnNetwork = async (...flags: readonly string[]): Promise<TestEngine> =>
  TestEngine.start(dockerd(flags), await OwnNetwork.create());
