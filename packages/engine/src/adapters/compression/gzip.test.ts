import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ByteStream } from "../../core/ports/byte-stream.ts";
import { streamOf } from "../../core/stream-of.ts";
import { compression } from "./gzip.ts";

async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("gzip", () => {
  it("gives what gunzip gives back, the same each time", async () => {
    const bytes = Buffer.alloc(1_000_000, "layer ");
    const first = await collect(compression.gzip(streamOf(bytes)));
    const second = await collect(compression.gzip(streamOf(bytes)));
    expect(gunzipSync(first).equals(bytes)).toBe(true);
    expect(second.equals(first)).toBe(true);
  });

  it("fails with the failure of its source", async () => {
    async function* broken(): ByteStream {
      yield* streamOf(new Uint8Array(10));
      throw new Error("the client is gone");
    }
    await expect(collect(compression.gzip(broken()))).rejects.toThrow("the client is gone");
  });

  it("may be left early", async () => {
    for await (const chunk of compression.gzip(streamOf(Buffer.alloc(100)))) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
  });
});
