import { describe, expect, it } from "vitest";
import type { ByteStream } from "../ports/byte-stream.ts";
import { streamOf } from "../stream-of.ts";
import { TarParser } from "./tar-parser.ts";
import { type TarFile, tarStream } from "./tar-stream.ts";

const text = (path: string, content: string): TarFile => {
  const bytes = new TextEncoder().encode(content);
  return { path, sizeBytes: bytes.length, open: () => streamOf(bytes) };
};

async function collect(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("tarStream", () => {
  it("writes each directory once, before what is in it", async () => {
    const archive = await collect(
      tarStream([text("a/b/one", "1"), text("a/two", ""), text("three", "x".repeat(512))]),
    );
    const parser = new TarParser();
    const parts = [...parser.push(archive)];
    parser.end();
    const paths = parts.flatMap((part) => (part.kind === "entry" ? [part.entry.path] : []));
    expect(paths).toEqual(["a/", "a/b/", "a/b/one", "a/two", "three"]);
  });

  it("writes the same bytes for the same files", async () => {
    const files = [text("a/b", "content")];
    expect(await collect(tarStream(files))).toEqual(await collect(tarStream(files)));
  });

  it.each([0, 2])("fails where a file of 1 byte has %i", async (length) => {
    const file = { ...text("a", "x".repeat(length)), sizeBytes: 1 };
    await expect(collect(tarStream([file]))).rejects.toThrow("a has not the 1 bytes");
  });
});
