import { join } from "node:path";
import { DaemonProcess } from "./daemon-process.ts";
import { type EngineKind, TestEngine } from "./engine.ts";
import { peerEnvironment, repository } from "./peers.ts";

const davitd = (flags: readonly string[], wrapper: readonly string[] = []): EngineKind => ({
  name: "davitd",
  spawn: ({ dir, socket, dataRoot, pluginSocketDir }) =>
    new DaemonProcess(
      "setpriv",
      [
        // A test runner that is killed takes its daemon with it.
        "--pdeathsig=TERM",
        ...wrapper,
        join(repository, "bin/davitd"),
        `--host=unix://${socket}`,
        `--data-root=${dataRoot}`,
        `--exec-root=${dir}/exec`,
        `--plugin-socket-dir=${pluginSocketDir}`,
        `--pidfile=${dir}/davitd.pid`,
        `--config-file=${dir}/daemon.json`,
        ...flags,
      ],
      peerEnvironment(),
    ),
  pid: async (daemon) => daemon.pid,
});

/** The built davitd, as `bin/davitd` runs it. */
export const startDavitd = (...flags: readonly string[]): Promise<TestEngine> =>
  TestEngine.start(davitd(flags));

// Where nothing but loopback is: whatever the daemon makes of bridges, addresses and packet filters ends with it.
const ownNetwork = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "davitd"];

/** The same in a network namespace of its own. */
export const startDavitdInOwnNetwork = (...flags: readonly string[]): Promise<TestEngine> =>
  TestEngine.start(davitd(flags, ownNetwork));
