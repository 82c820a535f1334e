import type { Digest } from "@davit/protocol";
import { expect, test } from "vitest";
import { SqliteState } from "../adapters/state/sqlite-state.ts";
import { sampleRecord } from "../core/container/sample-record.ts";
import type { Logger } from "../core/ports/logger.ts";
import type { GarbageStores } from "../services/garbage/collect-garbage.ts";
import { collectGarbage } from "../services/garbage/collect-garbage.ts";
import { GarbageCollector } from "../services/garbage/garbage-collector.ts";

const digest = (start: string): Digest => `sha256:${start.padEnd(64, "0")}`;
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** Stores that hold names only: what is here is what a collection may remove. */
function storesWith(names: { blobs: string[]; layers: string[]; keys: string[] }) {
  const blobs = new Set(names.blobs.map(digest));
  const layers = new Set(names.layers.map(digest));
  const keys = new Set(names.keys);
  const refuse = () => Promise.reject(new Error("not part of collecting"));
  const stores: GarbageStores = {
    state: new SqliteState(":memory:"),
    content: {
      async *list() {
        for (const digest of blobs) yield { digest, sizeBytes: 5 };
      },
      remove: async (digest) => void blobs.delete(digest),
      stat: refuse,
      read: async function* () {},
      readAll: refuse,
      write: refuse,
      fetch: refuse,
      discardPartial: refuse,
    },
    snapshots: {
      layers: async () => [...layers],
      keys: async () => [...keys],
      removeLayer: async (diffId) => void layers.delete(diffId),
      discard: async (key) => void keys.delete(key),
      unpack: refuse,
      layer: refuse,
      mount: refuse,
      unmount: refuse,
      usage: refuse,
      changes: refuse,
    },
  };
  return { stores, blobs, layers, keys };
}

test("keeps what an image, a container or a plugin names, and nothing else", async () => {
  const { stores, blobs, layers, keys } = storesWith({
    blobs: ["1", "2", "9"],
    layers: ["a", "b", "f"],
    keys: ["c".repeat(64), "gone"],
  });
  stores.state.images.put({
    id: digest("1"),
    createdAt: "2026-01-01T00:00:00Z",
    layers: [digest("a")],
    layerBlobs: [],
    sizeBytes: 0,
    blobs: [digest("2")],
    tags: [],
    repoDigests: [],
  });
  stores.state.containers.put(sampleRecord({ layers: [digest("b")] }));
  expect(await collectGarbage(stores, silent)).toEqual({
    blobs: 1,
    layers: 1,
    writableDirs: 1,
    freedBytes: 5,
  });
  expect([...blobs]).toEqual([digest("1"), digest("2")]);
  expect([...layers]).toEqual([digest("a"), digest("b")]);
  expect([...keys]).toEqual(["c".repeat(64)]);
});

test("what cannot be removed is named, and the rest goes all the same", async () => {
  const { stores, blobs, layers, keys } = storesWith({
    blobs: ["1", "2"],
    layers: ["a", "b"],
    keys: ["mounted", "gone"],
  });
  const warned: object[] = [];
  const logger: Logger = { ...silent, warn: (fields) => void warned.push(fields) };
  const mounted = new Error("it is mounted");
  const { content, snapshots } = stores;
  const refusing: GarbageStores = {
    ...stores,
    content: {
      ...content,
      remove: (id) => (id === digest("1") ? Promise.reject(mounted) : content.remove(id)),
    },
    snapshots: {
      ...snapshots,
      removeLayer: (id) => (id === digest("a") ? Promise.reject(mounted) : snapshots.removeLayer(id)),
      discard: (key) => (key === "mounted" ? Promise.reject(mounted) : snapshots.discard(key)),
    },
  };
  expect(await collectGarbage(refusing, logger)).toEqual({
    blobs: 1,
    layers: 1,
    writableDirs: 1,
    freedBytes: 5,
  });
  expect([...blobs, ...layers, ...keys]).toEqual([digest("1"), digest("a"), "mounted"]);
  expect(warned).toEqual([
    { err: mounted, blob: digest("1") },
    { err: mounted, writableDir: "mounted" },
    { err: mounted, layer: digest("a") },
  ]);
});

test("waits for the last lease, and delays nobody meanwhile", async () => {
  const { stores, blobs } = storesWith({ blobs: ["1"], layers: [], keys: [] });
  const garbage = new GarbageCollector(stores, silent);
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const first = garbage.withLease(() => held);
  await garbage.collect();
  expect(blobs.size).toBe(1);
  await garbage.withLease(async () => undefined);
  expect(blobs.size).toBe(1);
  letGo();
  await first;
  await garbage.withLease(async () => expect(blobs.size).toBe(0));
});

test("work that fails gives its lease back", async () => {
  const { stores, blobs } = storesWith({ blobs: ["1"], layers: [], keys: [] });
  const garbage = new GarbageCollector(stores, silent);
  await expect(garbage.withLease(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await garbage.collect();
  expect(blobs.size).toBe(0);
});
