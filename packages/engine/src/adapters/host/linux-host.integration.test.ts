import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LinuxHost } from "./linux-host.ts";

const host = new LinuxHost();
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp("/tmp/dvh-");
});
afterEach(async () => {
  await host.unmountBelow(dir);
  await rm(dir, { recursive: true, force: true });
});

test("a directory gets its mode and owner whether it is new or not", async () => {
  await host.ensureDir(`${dir}/a/b`, 0o777, { uid: 12, gid: 34 });
  expect(statSync(`${dir}/a/b`)).toMatchObject({ uid: 12, gid: 34 });
  expect(statSync(`${dir}/a/b`).mode & 0o7777).toBe(0o777);
  await host.ensureDir(`${dir}/a/b`, 0o700);
  expect(statSync(`${dir}/a/b`).mode & 0o7777).toBe(0o700);
});

test("a tree is not removed while something is mounted below it", async () => {
  mkdirSync(`${dir}/t/m`, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "none", `${dir}/t/m`]);
  await expect(host.removeTree(`${dir}/t`)).rejects.toMatchObject({ kind: "conflict" });
  await host.unmountBelow(`${dir}/t`);
  await host.removeTree(`${dir}/t`);
  expect(existsSync(`${dir}/t`)).toBe(false);
  await host.removeTree(`${dir}/t`);
});

test("a file is replaced as a whole and an absent one reads as undefined", async () => {
  expect(await host.readSmallFile(`${dir}/f`)).toBeUndefined();
  await host.writeFile(`${dir}/f`, "one");
  await host.writeFile(`${dir}/f`, "two", 0o600);
  expect(await host.readSmallFile(`${dir}/f`)).toBe("two");
  expect(statSync(`${dir}/f`).mode & 0o777).toBe(0o600);
});

test("a shared mount is made once, holds later mounts, and goes with all of them", async () => {
  mkdirSync(`${dir}/p q`);
  await host.makeSharedMount(`${dir}/p q`);
  await host.makeSharedMount(`${dir}/p q`);
  mkdirSync(`${dir}/p q/in`);
  execFileSync("mount", ["-t", "tmpfs", "none", `${dir}/p q/in`]);
  expect(await host.mountsBelow(dir)).toEqual([`${dir}/p q`, `${dir}/p q/in`]);
  await host.unmountBelow(`${dir}/p q`);
  expect(await host.mountsBelow(dir)).toEqual([]);
});

test("a device is found through a link and keeps the name asked for", async () => {
  symlinkSync("/dev/null", `${dir}/link`);
  expect(await host.deviceNodes(`${dir}/link`)).toEqual([
    { path: `${dir}/link`, type: "c", major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
  ]);
});

test("a directory stands for all device nodes below it", async () => {
  mkdirSync(`${dir}/d/sub`, { recursive: true });
  execFileSync("mknod", ["-m", "600", `${dir}/d/sub/x`, "b", "259", "70000"]);
  writeFileSync(`${dir}/d/file`, "");
  symlinkSync("/dev/null", `${dir}/d/link`);
  symlinkSync(`${dir}/d`, `${dir}/alias`);
  expect(await host.deviceNodes(`${dir}/alias`)).toEqual([
    { path: `${dir}/alias/sub/x`, type: "b", major: 259, minor: 70000, fileMode: 0o600, uid: 0, gid: 0 },
  ]);
});

test.each([
  ["/nope", "no such file or directory"],
  ["/etc/passwd", "not a device node"],
])("%s is no device: %s", async (path, reason) => {
  await expect(host.deviceNodes(path)).rejects.toMatchObject({
    kind: "internal",
    message: `error gathering device information while adding custom device "${path}": ${reason}`,
  });
});

test("an empty root file system gets what the engine mounts over", async () => {
  await host.prepareRootfs(dir);
  for (const path of ["dev/pts", "dev/shm", "proc", "sys"])
    expect(statSync(`${dir}/${path}`).isDirectory()).toBe(true);
  for (const path of [".dockerenv", "etc/hosts", "etc/hostname", "etc/resolv.conf", "dev/console"]) {
    expect(readFileSync(`${dir}/${path}`, "utf8")).toBe("");
  }
  expect(readlinkSync(`${dir}/etc/mtab`)).toBe("/proc/mounts");
  await host.prepareRootfs(dir);
});

test("a plugin's own files stay, and its links are neither followed nor used to reach outside", async () => {
  const rootfs = `${dir}/rootfs`;
  const outside = `${dir}/outside`;
  mkdirSync(`${rootfs}/usr`, { recursive: true });
  mkdirSync(`${outside}/etc`, { recursive: true });
  symlinkSync("../../../../../../usr", `${rootfs}/etc`);
  writeFileSync(`${rootfs}/usr/hosts`, "mine");
  symlinkSync(`${outside}/made`, `${rootfs}/usr/hostname`);
  symlinkSync(outside, `${rootfs}/dev`);
  await host.prepareRootfs(rootfs);
  expect(readFileSync(`${rootfs}/usr/hosts`, "utf8")).toBe("mine");
  expect(lstatSync(`${rootfs}/usr/hostname`).isFile()).toBe(true);
  expect(existsSync(`${outside}/made`)).toBe(false);
  expect(existsSync(`${outside}/pts`)).toBe(false);
  expect(statSync(`${rootfs}${outside}/pts`).isDirectory()).toBe(true);
});

test("links that go round in circles are refused", async () => {
  symlinkSync("proc", `${dir}/sys`);
  symlinkSync("sys", `${dir}/proc`);
  await expect(host.prepareRootfs(dir)).rejects.toMatchObject({ kind: "invalid" });
});
