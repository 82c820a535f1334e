import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalVolumes } from "../adapters/local-volumes/local-volumes.ts";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import { KeyedQueue } from "../core/keyed-queue.ts";
import { readMountTable } from "../linux/mount-table.ts";
import { VolumeMounts } from "../services/volumes/volume-mounts.ts";
import { VolumeService } from "../services/volumes/volume-service.ts";
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
const memory = { type: "tmpfs", device: "tmpfs", o: "size=1m" };
let root: string;
beforeEach(async () => {
  root = await mkdtemp("/tmp/dvv-");
});
afterEach(async () => {
  for (const mount of await mounted()) execFileSync("umount", ["-l", mount]);
  await rm(root, { recursive: true });
});
const mounted = async () =>
  (await readMountTable()).map(({ target }) => target).filter((path) => path.startsWith(root));

function engine(onDecision: (name: string) => void = ignore) {
  const state = new SqliteState(":memory:");
  const local = new LocalVolumes({
    root,
    mountedElsewhere: (name, id) => {
      onDecision(name);
      return mounts.mountedElsewhere(name, id);
    },
  });
  const drivers = {
    get: () => Promise.resolve(local),
    names: () => Promise.resolve(["local"]),
    isSame: () => true,
    waitFor: () => Promise.resolve(local),
  };
  const events = { publish: ignore };
  const unmounts = new VolumeUnmounts({ state, drivers, events, logger });
  const ports = { state, drivers, unmounts, events, logger, queue: new KeyedQueue() };
  const volumes = new VolumeService(ports);
  const mounts: VolumeMounts = new VolumeMounts({ ...ports, volumes });
  return { local, volumes, mounts };
}

test("volumes with options are mounted for whoever starts while another stops, and for nobody afterwards", async () => {
  const starts: Promise<string>[] = [];
  const begun = new Set<string>();
  const { volumes, mounts } = engine((name) => {
    if (begun.has(name)) return;
    begun.add(name);
    // The worst moment: the stop has just found that nobody else needs the mount.
    queueMicrotask(() => starts.push(mounts.mount(`new-${name}`, "/x")));
  });
  const names = Array.from({ length: 40 }, (_, index) => `shm${index}`);
  for (const name of names) {
    await volumes.create({ name, driver: "local", options: memory, labels: {} });
    for (const id of ["old", "new"]) {
      await mounts.acquire(
        { name, driver: "local", options: {}, labels: {} },
        { containerId: `${id}-${name}`, destination: "/x" },
      );
    }
    await mounts.mount(`old-${name}`, "/x");
  }
  await Promise.all(names.map((name) => mounts.unmountAll(`old-${name}`)));
  await Promise.all(starts);
  expect((await mounted()).toSorted()).toEqual(names.map((name) => `${root}/${name}/_data`).toSorted());
  await Promise.all(names.map((name) => mounts.mount(`old-${name}`, "/x")));
  await Promise.all(
    names.flatMap((name) => [`old-${name}`, `new-${name}`]).map((id) => mounts.unmountAll(id)),
  );
  expect(await mounted()).toEqual([]);
});

test("whatever was mounted over a volume's own mount goes with it", async () => {
  const { local } = engine();
  await local.create("shm", memory);
  await local.mount("shm");
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${root}/shm/_data`]);
  await local.unmount("shm", "m1");
  expect(await mounted()).toEqual([]);
});

test("a volume in which something is mounted is not removed", async () => {
  const { local } = engine();
  await local.create("plain", {});
  await mkdir(`${root}/plain/_data/in`);
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${root}/plain/_data/in`]);
  await expect(local.remove("plain")).rejects.toMatchObject({ kind: "conflict" });
  expect(await mounted()).toEqual([`${root}/plain/_data/in`]);
});

test("what a killed create left of options is not another volume's", async () => {
  const { local } = engine();
  await mkdir(`${root}/half`);
  execFileSync("tee", [`${root}/half/opts.json`], {
    input: JSON.stringify(memory),
    stdio: ["pipe", "ignore", "inherit"],
  });
  expect(await local.get("half")).toBeUndefined();
  await local.create("half", {});
  await local.mount("half");
  expect(await mounted()).toEqual([]);
});

test("a volume is not there before its options are", async () => {
  const { local } = engine();
  // The options cannot be written.
  await mkdir(`${root}/shm/opts.json.new`, { recursive: true });
  await expect(local.create("shm", memory)).rejects.toThrow("EISDIR");
  await expect(stat(`${root}/shm`)).rejects.toThrow("ENOENT");
  await local.create("shm", memory);
  expect(JSON.parse(await readFile(`${root}/shm/opts.json`, "utf8"))).toEqual(memory);
});
