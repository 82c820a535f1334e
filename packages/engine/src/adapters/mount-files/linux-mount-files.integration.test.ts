import { execFileSync } from "node:child_process";
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LinuxMountFiles } from "./linux-mount-files.ts";

const files = new LinuxMountFiles();
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp("/tmp/dvf-");
  await mkdir(`${dir}/root/in/side`, { recursive: true });
  await writeFile(`${dir}/root/in/file`, "text");
  await writeFile(`${dir}/outside`, "secret");
});
afterEach(async () => {
  for (const name of ["target", "memory"]) {
    try {
      execFileSync("umount", ["-l", `${dir}/${name}`], { stdio: "ignore" });
    } catch {
      // Not mounted by this test.
    }
  }
  await rm(dir, { recursive: true });
});

test.each([
  ["/in/file", "root/in/file", false],
  ["in/side/../file", "root/in/file", false],
  ["/../../in", "root/in", true],
  ["/", "root", true],
])("%s is %s", async (path, expected, isDirectory) => {
  const found = await files.resolveInside(`${dir}/root`, path);
  expect(found).toEqual({ path: `${dir}/${expected}`, isDirectory, isRoot: path === "/" });
});

test("links are followed as a process inside would", async () => {
  await symlink("/in", `${dir}/root/absolute`);
  await symlink("../../../../in/file", `${dir}/root/in/up`);
  await symlink("self", `${dir}/root/self`);
  const root = `${dir}/root`;
  expect((await files.resolveInside(root, "/absolute/side"))?.path).toBe(`${root}/in/side`);
  expect((await files.resolveInside(root, "/in/up"))?.path).toBe(`${root}/in/file`);
  expect(await files.resolveInside(root, "/nosuch")).toBeUndefined();
  expect(await files.resolveInside(root, "/in/file/below")).toBeUndefined();
  await expect(files.resolveInside(root, "/self")).rejects.toThrow("too many links");
});

test("what is mounted over a part of the root is found by whatever leads there", async () => {
  await mkdir(`${dir}/over/deep`, { recursive: true });
  await symlink("/mnt/deep", `${dir}/root/link`);
  await symlink("/in/file", `${dir}/over/back`);
  await symlink(`${dir}/outside`, `${dir}/over/leak`);
  const over = { destination: "/mnt", source: `${dir}/over` };
  const found = async (path: string) => (await files.resolveInside(`${dir}/root`, path, over))?.path;
  expect(await found("/mnt")).toBe(`${dir}/over`);
  expect(await found("/link")).toBe(`${dir}/over/deep`);
  expect(await found("/mnt/back")).toBe(`${dir}/root/in/file`);
  expect(await found("/mnt/leak")).toBeUndefined();
});

test("what was resolved is mounted with what its owner mounts below, before and after", async () => {
  const real = `${dir}/memory/real`;
  await files.mountMemory(`${dir}/memory`, 1 << 20);
  execFileSync("mount", ["--make-shared", `${dir}/memory`]);
  await mkdir(`${real}/before`, { recursive: true });
  await mkdir(`${real}/after`);
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${real}/before`]);
  await writeFile(`${real}/before/file`, "before");
  await files.bindResolved(real, `${dir}/target`);
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", `${real}/after`]);
  await writeFile(`${real}/after/file`, "after");
  for (const name of ["before", "after"]) {
    expect(await readFile(`${dir}/target/${name}/file`, "utf8")).toBe(name);
    execFileSync("umount", [`${dir}/target/${name}`]);
    expect(await readFile(`${real}/${name}/file`, "utf8")).toBe(name);
    execFileSync("umount", [`${real}/${name}`]);
  }
});

test("what has become a link since it was resolved is not mounted", async () => {
  await symlink("/", `${dir}/root/swapped`);
  await symlink(`${dir}/root/in`, `${dir}/root/way`);
  for (const path of ["swapped", "way/side"]) {
    await expect(files.bindResolved(`${dir}/root/${path}`, `${dir}/target`)).rejects.toThrow(
      "somewhere else",
    );
  }
});

test("a copy keeps owners, links and modes, and leaves what is not empty alone", async () => {
  await chown(`${dir}/root/in`, 12, 34);
  await symlink("file", `${dir}/root/in/link`);
  await mkdir(`${dir}/copy`);
  await files.copyIntoEmpty(`${dir}/root/in`, `${dir}/copy`);
  expect((await readdir(`${dir}/copy`)).toSorted()).toEqual(["file", "link", "side"]);
  expect(await readlink(`${dir}/copy/link`)).toBe("file");
  const { uid, gid } = await lstat(`${dir}/copy`);
  expect([uid, gid]).toEqual([12, 34]);
  await writeFile(`${dir}/copy/file`, "changed");
  await files.copyIntoEmpty(`${dir}/root/in`, `${dir}/copy`);
  expect(await readFile(`${dir}/copy/file`, "utf8")).toBe("changed");
});

test("a part is mounted, a file as well as a directory, and nothing outside", async () => {
  await symlink(`${dir}/outside`, `${dir}/root/leak`);
  await expect(files.bindInside(`${dir}/root`, "leak", `${dir}/target`)).rejects.toThrow("no such file");
  await expect(files.bindInside(`${dir}/root`, "nosuch", `${dir}/target`)).rejects.toThrow(
    "cannot access path nosuch: no such file or directory",
  );
  await files.bindInside(`${dir}/root`, "in/file", `${dir}/target`);
  expect(await readFile(`${dir}/target`, "utf8")).toBe("text");
});

test("memory is mounted once, with its size", async () => {
  await files.mountMemory(`${dir}/memory`, 1 << 20);
  await files.mountMemory(`${dir}/memory`, 1 << 20);
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const mounts = lines.filter((line) => line.includes(` ${dir}/memory `));
  expect(mounts).toHaveLength(1);
  expect(mounts[0]).toContain("size=1024k");
});

test("tells of the mount that a path lies on", async () => {
  await files.mountMemory(`${dir}/memory`, 1 << 20);
  execFileSync("mount", ["--make-shared", `${dir}/memory`]);
  await mkdir(`${dir}/memory/below`);
  expect(await files.propagation(`${dir}/memory/below`)).toMatchObject({
    mountPoint: `${dir}/memory`,
    shared: true,
  });
});

test("a mount that is hidden below another is not taken for it", async () => {
  await mkdir(`${dir}/memory/deep`, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "--make-private", "tmpfs", `${dir}/memory/deep`]);
  execFileSync("mount", ["-t", "tmpfs", "--make-shared", "tmpfs", `${dir}/memory`]);
  try {
    await mkdir(`${dir}/memory/deep/below`, { recursive: true });
    expect(await files.propagation(`${dir}/memory/deep/below`)).toEqual({
      mountPoint: `${dir}/memory`,
      shared: true,
      slave: false,
    });
  } finally {
    execFileSync("umount", ["-l", `${dir}/memory`]);
    execFileSync("umount", ["-l", `${dir}/memory/deep`]);
  }
});
