import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, it } from "vitest";
import { measureTree } from "./measure-tree.ts";

const never = new AbortController().signal;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(`${tmpdir()}/measure-`);
});
afterEach(() => rm(dir, { recursive: true }));

it("counts files at any depth, and one with two names once", async () => {
  await mkdir(`${dir}/a/b`, { recursive: true });
  await writeFile(`${dir}/a/b/file`, "12345");
  await link(`${dir}/a/b/file`, `${dir}/again`);
  await writeFile(`${dir}/other`, "123");
  expect(await measureTree(dir, never)).toBe(8);
});

it("counts a symbolic link as itself, wherever it leads", async () => {
  await symlink("/usr", `${dir}/usr`);
  expect(await measureTree(dir, never)).toBe("/usr".length);
});

it("finds nothing in a directory that is not there", async () => {
  expect(await measureTree(`${dir}/nosuch`, never)).toBe(0);
});

it("stops when it is told to", async () => {
  await writeFile(`${dir}/file`, "1");
  await expect(measureTree(dir, AbortSignal.abort())).rejects.toMatchObject({ kind: "canceled" });
});
