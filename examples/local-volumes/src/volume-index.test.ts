import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openVolumeIndex } from "./volume-index.ts";

let dir: string;
let path: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "index-"));
  path = join(dir, "index.json");
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

it("is read again as it was written", async () => {
  const index = await openVolumeIndex(path);
  const volume = { createdAt: "2026-01-01T00:00:00.000Z", kind: { type: "directory" } } as const;
  await index.change((data) => ({ ...data, volumes: { a: volume }, mounts: { a: { id: 1 } } }));
  expect((await openVolumeIndex(path)).current).toEqual({ volumes: { a: volume }, mounts: { a: { id: 1 } } });
});

it.each([
  '{"version":1}',
  '{"version":1,"volumes":{},"mounts":{"a":{"id":0}}}',
  '{"version":2,"volumes":{},"mounts":{}}',
])("refuses the index %j", async (text) => {
  await writeFile(path, text);
  await expect(openVolumeIndex(path)).rejects.toThrow(`read ${path}: not a state of version 1`);
});
