import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "./command.ts";
import type { TestEngine } from "./engine.ts";
import { peerEnvironment } from "./peers.ts";

export type ProcessKind = "plugins.moby" | "moby";

/** The process of a davitd's plugin or container, as the documented `runc --root … state` tells it. */
export async function runtimePid(engine: TestEngine, kind: ProcessKind, id: string): Promise<number> {
  const root = join(engine.dir, "exec/runtime-runc", kind);
  const state = await mustRun("runc", ["--root", root, "state", id], { env: peerEnvironment() });
  return Number(/"pid": (\d+)/.exec(state)?.[1]);
}

/** The process of an enabled plugin. */
export async function pluginPid(engine: TestEngine, name: string): Promise<number> {
  const id = await engine.ok(["plugin", "inspect", "--format", "{{.Id}}", name]);
  return runtimePid(engine, "plugins.moby", id);
}

/** Freezes all processes of a plugin until it is disposed: its sockets still take connections and answer nothing. */
export async function freezePlugin(engine: TestEngine, name: string): Promise<AsyncDisposable> {
  const id = await engine.ok(["plugin", "inspect", "--format", "{{.Id}}", name]);
  const runc = async (verb: string): Promise<void> => {
    const root = join(engine.dir, "exec/runtime-runc/plugins.moby");
    await mustRun("runc", ["--root", root, verb, id], { env: peerEnvironment() });
  };
  await runc("pause");
  return { [Symbol.asyncDispose]: () => runc("resume") };
}

/** The fields of `/proc/<pid>/status`. */
export async function statusOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(`/proc/${String(pid)}/status`, "utf8");
  return new Map(text.split("\n").map((line) => [line.split(":")[0] ?? "", line.replace(/^[^:]*:\s*/, "")]));
}
