import {
  startDavitd,
  startDavitdInOwnNetwork,
  startDockerd,
  startDockerdInOwnNetwork,
  TempDir,
  type TestEngine,
  writeVolumePlugin,
} from "@davit/testkit";
import { afterAll, beforeAll } from "vitest";

export interface Davitd {
  readonly engine: TestEngine;
  /** A directory of this file's tests. */
  readonly dir: TempDir;
  /** What `docker plugin create` takes: the small volume plugin. */
  readonly plugin: string;
}

/** One davitd for the tests of a file, gone with all that it made when they are done. */
export const useDavitd = (...flags: readonly string[]): Davitd =>
  useEngine(isDockerd ? startDockerd : () => startDavitd(...flags));

/** The same in a network namespace of its own, `engine.network`. */
export const useDavitdInOwnNetwork = (...flags: readonly string[]): Davitd =>
  useEngine(isDockerd ? startDockerdInOwnNetwork : () => startDavitdInOwnNetwork(...flags));

const isDockerd = process.env["DAVIT_E2E"] === "dockerd";

function useEngine(start: () => Promise<TestEngine>): Davitd {
  const cleanup = new AsyncDisposableStack();
  let started: Davitd | undefined;
  beforeAll(async () => {
    const dir = cleanup.use(await TempDir.create("e2e"));
    const plugin = await writeVolumePlugin(dir.join("plugin"));
    started = { dir, plugin, engine: cleanup.use(await start()) };
  });
  afterAll(() => cleanup.disposeAsync());
  const present = (): Davitd => {
    if (!started) throw new Error("davitd is not started yet");
    return started;
  };
  return {
    get engine() {
      return present().engine;
    },
    get dir() {
      return present().dir;
    },
    get plugin() {
      return present().plugin;
    },
  };
}
