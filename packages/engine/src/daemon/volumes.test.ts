import { describe, expect, test } from "vitest";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import { EngineError, PluginRefusal } from "../core/errors.ts";
import { KeyedQueue } from "../core/keyed-queue.ts";
import type { VolumeDriver } from "../core/ports/volume-driver.ts";
import { VolumeMounts } from "../services/volumes/volume-mounts.ts";
import { anonymousLabel, VolumeService } from "../services/volumes/volume-service.ts";
import { VolumeUnmounts } from "../services/volumes/volume-unmounts.ts";

const ignore = () => undefined;
const logger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  child: () => logger,
};
const down = new EngineError("unavailable", "connection refused");

/** The services on a state that outlives them, with a driver that keeps its calls and fails as told. */
function engineOn(state: SqliteState) {
  const calls: string[] = [];
  const failures = new Map<string, Error>();
  const answer = (method: string, ...args: readonly string[]): Promise<void> => {
    calls.push([method, ...args].join(" "));
    const failure = failures.get(method);
    return failure === undefined ? Promise.resolve() : Promise.reject(failure);
  };
  const driver: VolumeDriver = {
    name: "acme/v:latest",
    capabilities: () => Promise.resolve({ scope: "local" }),
    create: () => Promise.resolve(),
    remove: (name) => answer("remove", name),
    mount: async (name, id) => {
      await answer("mount", id);
      return `/host/${name}`;
    },
    unmount: (_name, id) => answer("unmount", id),
    get: (name) => Promise.resolve({ Name: name, Mountpoint: "" }),
    list: () => Promise.resolve([]),
  };
  const drivers = {
    get: () => {
      const absent = failures.get("lookup");
      return absent === undefined ? Promise.resolve(driver) : Promise.reject(absent);
    },
    waitFor: () => Promise.resolve(driver),
    names: () => Promise.resolve([driver.name]),
    isSame: (typed: string, recorded: string) => typed === recorded,
  };
  const published: string[] = [];
  const events = { publish: ({ action }: { readonly action: string }) => void published.push(action) };
  const unmounts = new VolumeUnmounts({ state, drivers, events, logger });
  const ports = { state, drivers, unmounts, events, logger, queue: new KeyedQueue() };
  const volumes = new VolumeService(ports);
  return { calls, failures, published, volumes, mounts: new VolumeMounts({ ...ports, volumes }) };
}

function stateWith(use: { readonly mountId: string | undefined }, labels = {}, driver = "acme/v:latest") {
  const state = new SqliteState(":memory:");
  state.volumes.put({
    name: "vol",
    driver,
    options: {},
    labels,
    createdAt: "2026-01-01T00:00:00Z",
    pending: undefined,
  });
  state.volumeUses.put({ volume: "vol", containerId: "c1", destination: "/x", ...use });
  return state;
}
const idOf = (state: SqliteState) => state.volumeUses.ofContainer("c1")[0]?.mountId;

test("a volume of a container that was never made is free at once after a restart", () => {
  const state = stateWith({ mountId: undefined });
  void engineOn(state).mounts.restore();
  expect(state.volumeUses.list()).toEqual([]);
});

test("an anonymous volume of a container that was never made is removed at a restart", async () => {
  const state = stateWith({ mountId: undefined }, { [anonymousLabel]: "" });
  await engineOn(state).mounts.restore();
  expect(state.volumes.list()).toEqual([]);
});

test("what was mounted for a container that was never made is unmounted at a restart, and is free then", async () => {
  const state = stateWith({ mountId: "m1" });
  const { mounts, calls } = engineOn(state);
  const restored = mounts.restore();
  expect(idOf(state)).toBe("m1");
  await restored;
  expect(calls).toEqual(["unmount m1"]);
  expect(state.volumeUses.list()).toEqual([]);
});

test("a mount that cannot be ended at a restart is kept, and a removal of the volume tries again", async () => {
  const state = stateWith({ mountId: "m1" });
  const { mounts, volumes, failures, calls } = engineOn(state);
  failures.set("unmount", down);
  await mounts.restore();
  expect(idOf(state)).toBe("m1");
  await expect(volumes.remove("vol", { force: true })).rejects.toThrow("volume is in use - [c1]");
  failures.clear();
  await volumes.remove("vol", { force: true });
  expect(calls.slice(-2)).toEqual(["unmount m1", "remove vol"]);
  expect(state.volumes.list()).toEqual([]);
});

describe.each([
  ["missing", "v", new EngineError("not-found", 'plugin "v" not found')],
  ["disabled", "acme/v:latest", new EngineError("conflict", "plugin acme/v found but disabled")],
])("where the driver's plugin is %s", (_title, name, absent) => {
  test("force forgets a volume, and what no container has mounted of it any more", async () => {
    const state = stateWith({ mountId: "m1" }, {}, name);
    const { mounts, volumes, failures, calls, published } = engineOn(state);
    failures.set("lookup", absent);
    await mounts.restore();
    await expect(volumes.remove("vol", { force: false })).rejects.toThrow("volume is in use - [c1]");
    await volumes.remove("vol", { force: true });
    expect([state.volumes.list(), state.volumeUses.ofVolume("vol")]).toEqual([[], []]);
    expect(published).toEqual(["destroy"]);
    expect(calls).toEqual([]);
  });

  test("force forgets no volume that a container has", async () => {
    const state = stateWith({ mountId: undefined }, {}, name);
    const { volumes, failures } = engineOn(state);
    failures.set("lookup", absent);
    await expect(volumes.remove("vol", { force: true })).rejects.toThrow("volume is in use - [c1]");
    expect(state.volumes.list()).toHaveLength(1);
  });
});

test("where the driver's plugin is down, force forgets a volume and says what is wrong", async () => {
  const state = stateWith({ mountId: undefined });
  state.volumeUses.removeOfContainer("c1");
  const { volumes, failures } = engineOn(state);
  failures.set("lookup", down);
  await expect(volumes.remove("vol", { force: false })).rejects.toThrow("connection refused");
  expect(state.volumes.list()).toHaveLength(1);
  await expect(volumes.remove("vol", { force: true })).rejects.toThrow("connection refused");
  expect(state.volumes.list()).toEqual([]);
});

test("an anonymous volume of a removed container stays when its plugin's mount is ended later", async () => {
  const state = stateWith({ mountId: "m1" }, { [anonymousLabel]: "" });
  await engineOn(state).mounts.restore();
  expect(state.volumes.get("vol")).toBeDefined();
});

test("a mount that is left is ended under its own ID before there is another", async () => {
  const state = stateWith({ mountId: "old" });
  const { mounts, calls } = engineOn(state);
  await mounts.mount("c1", "/x");
  const id = idOf(state) ?? "";
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(calls).toEqual(["unmount old", `mount ${id}`]);
});

test("there is no other mount while one that is left cannot be ended", async () => {
  const state = stateWith({ mountId: "old" });
  const { mounts, calls, failures } = engineOn(state);
  failures.set("unmount", down);
  await expect(mounts.mount("c1", "/x")).rejects.toThrow("connection refused");
  expect(calls).toEqual(["unmount old"]);
  expect(idOf(state)).toBe("old");
});

test("releasing a container unmounts what it has, and keeps what could not be", async () => {
  const state = stateWith({ mountId: "m1" });
  const first = engineOn(state);
  first.failures.set("unmount", down);
  await first.mounts.release("c1", { removeAnonymous: true });
  expect(idOf(state)).toBe("m1");
  const second = engineOn(state);
  await second.mounts.restore();
  expect([...first.calls, ...second.calls]).toEqual(["unmount m1", "unmount m1"]);
  expect(state.volumeUses.list()).toEqual([]);
});

test.each([
  ["undecodable answer", new EngineError("internal", "undecodable answer")],
  ["no answer", down],
])("a failed mount is given back: %s", async (_title, failure) => {
  const state = stateWith({ mountId: undefined });
  const { mounts, calls, failures } = engineOn(state);
  failures.set("mount", failure);
  await expect(mounts.mount("c1", "/x")).rejects.toThrow(failure.message);
  const [mounted = "", ...more] = calls;
  expect(more).toEqual([mounted.replace("mount", "unmount")]);
  expect(idOf(state)).toBeUndefined();
});

test("a failed mount that cannot be given back stays on record", async () => {
  const state = stateWith({ mountId: undefined });
  const { mounts, calls, failures } = engineOn(state);
  failures.set("mount", down);
  failures.set("unmount", down);
  await expect(mounts.mount("c1", "/x")).rejects.toThrow("connection refused");
  expect(calls[0]).toBe(`mount ${idOf(state) ?? ""}`);
});

test("a mount that the driver refused is not given back", async () => {
  const state = stateWith({ mountId: undefined });
  const { mounts, calls, failures } = engineOn(state);
  failures.set("mount", new PluginRefusal("will not"));
  await expect(mounts.mount("c1", "/x")).rejects.toThrow("will not");
  expect(calls).toHaveLength(1);
  expect(idOf(state)).toBeUndefined();
});
