import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { Digest } from "@davit/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BlobInfo } from "../../core/ports/content.ts";
import { DiskContentStore } from "./disk-content-store.ts";

const digestOf = (bytes: Uint8Array): Digest => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const infoOf = (bytes: Uint8Array): BlobInfo => ({ digest: digestOf(bytes), sizeBytes: bytes.length });
const blob = Buffer.from("a blob of some bytes, in three parts");

async function* parts(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function* failingAfter(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
  throw new Error("connection lost");
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listed(store: DiskContentStore): Promise<BlobInfo[]> {
  const all: BlobInfo[] = [];
  for await (const info of store.list()) all.push(info);
  return all;
}

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("DiskContentStore", () => {
  let root: string;
  let store: DiskContentStore;
  beforeEach(async () => {
    root = await mkdtemp(`${tmpdir()}/content-`);
    store = new DiskContentStore(root);
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });
  const ingest = async (): Promise<string[]> => await readdir(`${root}/ingest`);

  it("stores what is written under its digest, read-only", async () => {
    const info = await store.write(parts(blob.subarray(0, 5), blob.subarray(5)));
    expect(info).toEqual(infoOf(blob));
    const path = `${root}/blobs/sha256/${info.digest.slice(7)}`;
    expect(await readFile(path)).toEqual(blob);
    expect((await stat(path)).mode & 0o777).toBe(0o444);
    expect(await ingest()).toEqual([]);
  });

  it("stores the same bytes twice without complaint", async () => {
    await store.write(parts(blob));
    expect(await store.write(parts(blob))).toEqual(infoOf(blob));
    expect(await listed(store)).toEqual([infoOf(blob)]);
    expect(await ingest()).toEqual([]);
  });

  it("leaves nothing of a write whose source fails", async () => {
    await expect(store.write(failingAfter(blob))).rejects.toThrow("write blob: connection lost");
    expect(await ingest()).toEqual([]);
  });

  it("reads from an offset", async () => {
    const { digest } = await store.write(parts(blob));
    expect(await collect(store.read(digest, 7))).toEqual(blob.subarray(7));
    expect(await collect(store.read(digest, 1000))).toEqual(Buffer.alloc(0));
  });

  it("says that a blob is not there", async () => {
    const digest = digestOf(blob);
    const expected = { kind: "not-found", message: `blob ${digest}: not found` };
    await expect(collect(store.read(digest))).rejects.toMatchObject(expected);
    await expect(store.readAll(digest)).rejects.toMatchObject(expected);
    expect(await store.stat(digest)).toBeUndefined();
    await store.remove(digest);
    expect(await listed(store)).toEqual([]);
  });

  it("refuses to read a large blob at once", async () => {
    const { digest } = await store.write(parts(Buffer.alloc(8 * 1024 * 1024 + 1)));
    await expect(store.readAll(digest)).rejects.toMatchObject({ kind: "invalid" });
  });

  it("names path and reason when the disk refuses", async () => {
    await writeFile(`${root}/file`, "");
    const broken = new DiskContentStore(`${root}/file`);
    await expect(broken.write(parts(blob))).rejects.toMatchObject({
      kind: "internal",
      message: `create ${root}/file/blobs/sha256: not a directory`,
    });
  });

  describe("fetch", () => {
    it("continues where a failed attempt stopped", async () => {
      await expect(store.fetch(infoOf(blob), async () => failingAfter(blob.subarray(0, 10)))).rejects.toThrow(
        "connection lost",
      );
      const offsets: number[] = [];
      const progress: number[] = [];
      const info = await new DiskContentStore(root).fetch(
        infoOf(blob),
        async (offset) => {
          offsets.push(offset);
          return parts(blob.subarray(offset));
        },
        { onBytes: (current) => progress.push(current) },
      );
      expect(info).toEqual(infoOf(blob));
      expect(offsets).toEqual([10]);
      expect(progress).toEqual([10, blob.length]);
      expect(await collect(store.read(info.digest))).toEqual(blob);
      expect(await ingest()).toEqual([]);
    });

    it("asks for nothing when the blob is there", async () => {
      await store.write(parts(blob));
      const info = await store.fetch(infoOf(blob), async () => await Promise.reject(new Error("asked")));
      expect(info).toEqual(infoOf(blob));
    });

    it("starts over when what an earlier attempt left is damaged", async () => {
      await store.fetch(infoOf(blob), async () => failingAfter(blob.subarray(0, 10))).catch(() => {});
      await writeFile(`${root}/ingest/fetch-${infoOf(blob).digest.slice(7)}`, Buffer.alloc(10));
      await store.fetch(infoOf(blob), async (offset) => parts(blob.subarray(offset)));
      expect(await collect(store.read(infoOf(blob).digest))).toEqual(blob);
    });

    it("refuses and discards wrong bytes", async () => {
      const wrong = Buffer.alloc(blob.length);
      const { digest } = infoOf(blob);
      await expect(store.fetch(infoOf(blob), async () => parts(wrong))).rejects.toMatchObject({
        kind: "invalid",
        message: `blob ${digest}: unexpected digest ${digestOf(wrong)}`,
      });
      expect(await ingest()).toEqual([]);
      expect(await store.stat(digest)).toBeUndefined();
    });

    it("refuses too few bytes", async () => {
      await expect(store.fetch(infoOf(blob), async () => parts(blob.subarray(1)))).rejects.toMatchObject({
        kind: "invalid",
        message: `blob ${digestOf(blob)}: unexpected size ${blob.length - 1}, expected ${blob.length}`,
      });
      expect(await ingest()).toEqual([]);
    });

    it("stops a source that sends more than expected", async () => {
      let sent = 0;
      let released = false;
      async function* endless(): AsyncGenerator<Uint8Array> {
        try {
          for (;;) {
            sent++;
            yield blob;
          }
        } finally {
          released = true;
        }
      }
      await expect(store.fetch(infoOf(blob), async () => endless())).rejects.toMatchObject({
        kind: "invalid",
      });
      expect({ sent, released }).toEqual({ sent: 2, released: true });
      expect(await ingest()).toEqual([]);
    });

    it("shares one transfer between callers", async () => {
      let opened = 0;
      const progress: number[] = [];
      const open = async () => {
        opened++;
        return parts(blob);
      };
      const first = store.fetch(infoOf(blob), open);
      const second = store.fetch(infoOf(blob), open, { onBytes: (current) => progress.push(current) });
      expect(await Promise.all([first, second])).toEqual([infoOf(blob), infoOf(blob)]);
      expect(opened).toBe(1);
      expect(progress).toEqual([blob.length]);
    });

    it("shares one failure between callers", async () => {
      const open = async () => parts(Buffer.alloc(blob.length));
      const results = await Promise.allSettled([
        store.fetch(infoOf(blob), open),
        store.fetch(infoOf(blob), open),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    });

    /** Yields the first ten bytes, then nothing until the signal is aborted. */
    async function* stalled(signal: AbortSignal, reached: () => void): AsyncGenerator<Uint8Array> {
      yield blob.subarray(0, 10);
      const aborted = new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      reached();
      await aborted;
    }

    it("lets a waiting caller take over from one that is cancelled", async () => {
      const cancel = new AbortController();
      const stalls = Promise.withResolvers<void>();
      const first = store.fetch(infoOf(blob), async (_, signal) => stalled(signal, stalls.resolve), {
        signal: cancel.signal,
      });
      const offsets: number[] = [];
      const second = store.fetch(infoOf(blob), async (offset) => {
        offsets.push(offset);
        return parts(blob.subarray(offset));
      });
      const failure = failureOf(first);
      await stalls.promise;
      cancel.abort();
      expect(await failure).toMatchObject({ kind: "canceled" });
      expect(await second).toEqual(infoOf(blob));
      expect(offsets).toEqual([10]);
    });

    it("lets a waiting caller go without harm to the transfer", async () => {
      const gate = Promise.withResolvers<void>();
      async function* gated(): AsyncGenerator<Uint8Array> {
        await gate.promise;
        yield blob;
      }
      const cancel = new AbortController();
      const first = store.fetch(infoOf(blob), async () => gated());
      const second = store.fetch(infoOf(blob), async () => gated(), { signal: cancel.signal });
      const failure = failureOf(second);
      cancel.abort();
      expect(await failure).toMatchObject({ kind: "canceled" });
      gate.resolve();
      expect(await first).toEqual(infoOf(blob));
    });

    it("discards at any age what a killed engine wrote without knowing its digest", async () => {
      const name = `${root}/ingest/write-left`;
      await store.write(parts(blob));
      await writeFile(name, "partial");
      expect(await store.discardPartial(60_000)).toBe(7);
      expect(await ingest()).toEqual([]);
    });

    it("discards only what is older than asked", async () => {
      await store.fetch(infoOf(blob), async () => failingAfter(blob.subarray(0, 10))).catch(() => {});
      expect(await store.discardPartial(60_000)).toBe(0);
      const [name] = await ingest();
      await utimes(`${root}/ingest/${name}`, 0, 0);
      expect(await store.discardPartial(60_000)).toBe(10);
      expect(await ingest()).toEqual([]);
    });
  });
});
