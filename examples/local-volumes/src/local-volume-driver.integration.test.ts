import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LocalVolumeDriver } from "./local-volume-driver.ts";
import { mountPoints, unmountTmpfs } from "./tmpfs.ts";

let base: string;
let driver: LocalVolumeDriver;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "lv-"));
  driver = await LocalVolumeDriver.open(base);
});
afterEach(async () => {
  for (const name of await readdir(`${base}/data`)) await unmountTmpfs(`${base}/data/${name}`);
  await rm(base, { recursive: true });
});

const fast = { name: "fast", options: { type: "tmpfs", size: "1m" } };

it("keeps a directory volume across a restart of the plugin", async () => {
  await driver.create({ name: "data", options: {} });
  const path = await driver.mount({ name: "data", id: "a" });
  await writeFile(join(path, "f"), "kept");
  await driver.unmount({ name: "data", id: "a" });
  const next = await LocalVolumeDriver.open(base);
  expect(next.list()).toEqual(driver.list());
  expect(await readdir(path)).toEqual(["f"]);
});

it("mounts a tmpfs of the size asked for at the first ID and unmounts it at the last", async () => {
  await driver.create(fast);
  const path = await driver.mount({ name: "fast", id: "a" });
  await driver.mount({ name: "fast", id: "b" });
  await expect(writeFile(join(path, "f"), Buffer.alloc(2 * 1024 * 1024))).rejects.toThrow("ENOSPC");
  await driver.unmount({ name: "fast", id: "a" });
  expect((await mountPoints()).has(path)).toBe(true);
  await driver.unmount({ name: "fast", id: "b" });
  expect((await mountPoints()).has(path)).toBe(false);
  expect(driver.path({ name: "fast" })).toBeUndefined();
});

it("remembers who holds a tmpfs when the plugin restarts", async () => {
  await driver.create(fast);
  const path = await driver.mount({ name: "fast", id: "a" });
  await driver.mount({ name: "fast", id: "b" });
  const next = await LocalVolumeDriver.open(base);
  await next.unmount({ name: "fast", id: "a" });
  expect((await mountPoints()).has(path)).toBe(true);
  await next.unmount({ name: "fast", id: "b" });
  expect((await mountPoints()).has(path)).toBe(false);
});

it("mounts a tmpfs anew when it was lost together with its plugin", async () => {
  await driver.create(fast);
  const path = await driver.mount({ name: "fast", id: "a" });
  await unmountTmpfs(path);
  const next = await LocalVolumeDriver.open(base);
  await next.mount({ name: "fast", id: "b" });
  expect((await mountPoints()).has(path)).toBe(true);
});

it("removes data and mounts with the volume", async () => {
  await driver.create(fast);
  const path = await driver.mount({ name: "fast", id: "a" });
  await driver.remove({ name: "fast" });
  await expect(stat(path)).rejects.toThrow("ENOENT");
  expect(driver.get({ name: "fast" })).toBeUndefined();
});

it("takes a repeated create, and refuses one with other options", async () => {
  await driver.create(fast);
  await driver.create(fast);
  await expect(driver.create({ name: "fast", options: {} })).rejects.toThrow(
    "volume exists with other options",
  );
});

it.each(["", ".", "..", "a/b", "../x", "-a", "a b", "a".repeat(129)])("refuses the name %j", async (name) => {
  await expect(driver.create({ name, options: {} })).rejects.toThrow("invalid name");
});
