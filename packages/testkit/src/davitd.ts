import { join } from "node:path";
import { DaemonProcess } from "./daemon-process.ts";
import { type EngineKind, TestEngine } from "./engine.ts";
import { OwnNetwork } from "./own-network.ts";
import { peerEnvironment, repository } from "./peers.ts";
import type { TestJournal } from "./test-journal.ts";

/** Flags that keep a daemon's files below a directory. */
export const daemonRoots = (dir: string): readonly string[] => [
  `--data-root=${dir}/data`,
  `--exec-root=${dir}/exec`,
  `--plugin-socket-dir=${dir}/p`,
];

const davitd = (flags: readonly string[], enter: readonly string[] = []): EngineKind => ({
  name: "davitd",
  spawn: ({ dir, socket, dataRoot, pluginSocketDir, pluginSpecDir, enterNetwork }) =>
    new DaemonProcess(
      "setpriv",
      [
        // A test runner that is killed takes its daemon with it.
        "--pdeathsig=TERM",
        ...enterNetwork,
        ...enter,
        join(repository, "bin/davitd"),
        `--host=unix://${socket}`,
        `--data-root=${dataRoot}`,
        `--exec-root=${dir}/exec`,
        `--plugin-socket-dir=${pluginSocketDir}`,
        `--plugin-spec-dir=${pluginSpecDir}`,
        // Most tests that name what is not there are not about the wait for it.
        "--plugin-retry-timeout=1",
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

/** The same on a system with a journal of its own. */
export const startDavitdWithJournal = (
  journal: TestJournal,
  ...flags: readonly string[]
): Promise<TestEngine> => TestEngine.start(davitd(flags, journal.enter));

/** The same in a network namespace of its own, which stays while the daemon is started again. */
export const startDavitdInOwnNetwork = async (...flags: readonly string[]): Promise<TestEngine> =>
  TestEngine.start(davitd(flags), await OwnNetwork.create());
