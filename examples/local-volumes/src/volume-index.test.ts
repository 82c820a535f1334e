import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type IndexData, VolumeIndex } from "./volume-index.ts";

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "index-"));
  path = join(dir, "index.json");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const add =
  (name: string) =>
  (data: IndexData): IndexData => ({
    ...data,
    volumes: {
      ...data.volumes,
      [name]: { createdAt: "2026-01-01T00:00:00.000Z", kind: { type: "directory" } },
    },
  });

it("is read again as it was written, and leaves nothing beside it", async () => {
  const index = await VolumeIndex.open(path);
  await Promise.all([index.change(add("a")), index.change(add("b"))]);
  expect((await VolumeIndex.open(path)).data).toEqual(index.data);
  expect(Object.keys(index.data.volumes)).toEqual(["a", "b"]);
  expect(await readdir(dir)).toEqual(["index.json"]);
});

it("keeps the old state when it cannot be written", async () => {
  const index = await VolumeIndex.open(path);
  await mkdir(`${path}.new`);
  await expect(index.change(add("a"))).rejects.toThrow("EISDIR");
  expect(index.data.volumes).toEqual({});
  await rm(`${path}.new`, { recursive: true });
  await index.change(add("b"));
  expect(Object.keys(index.data.volumes)).toEqual(["b"]);
});

it.each(["{", "{}", '{"version":2,"volumes":{},"mounts":{}}'])("refuses the index %j", async (text) => {
  await writeFile(path, text);
  await expect(VolumeIndex.open(path)).rejects.toThrow(`read ${path}: not an index of this version`);
});
