import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { mountsBelow, processesOf, type TestEngine } from "@davit/testkit";
import { expect } from "vitest";

/** Nothing, where what is read is not there: an engine makes its directories when it needs them. */
async function orNothing<Entry>(reading: Promise<readonly Entry[]>): Promise<readonly Entry[]> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

const list = (dir: string): Promise<readonly string[]> => orNothing(readdir(dir));

const files = async (dir: string): Promise<readonly string[]> => {
  const entries = await orNothing(readdir(dir, { recursive: true, withFileTypes: true }));
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

/** What an engine without plugins, volumes and containers may not have: rows, directories, mounts, processes. */
export async function expectNothingLeft(engine: TestEngine): Promise<void> {
  expect(await engine.ok(["plugin", "ls", "--quiet"]), "plugins").toBe("");
  expect(await list(join(engine.dataRoot, "plugins")), "directories of plugins").toEqual([]);
  expect(await list(join(engine.dir, "p")), "directories of sockets").toEqual([]);
  expect(await mountsBelow(engine.dir), "mounts").toEqual([]);
  const others = (await processesOf(engine.dir)).filter((pid) => pid !== process.pid);
  expect(others, "processes").toEqual([await engine.pid()]);
}

/** The same after a restart, which collects every blob and every layer that nothing needs. */
export async function expectNothingLeftAfterRestart(engine: TestEngine): Promise<void> {
  expect(await engine.stop(), "exit code").toBe(0);
  await engine.start();
  await expectNothingLeft(engine);
  expect(await files(join(engine.dataRoot, "content")), "blobs").toEqual([]);
  expect(await files(join(engine.dataRoot, "snapshots")), "files of layers").toEqual([]);
}
