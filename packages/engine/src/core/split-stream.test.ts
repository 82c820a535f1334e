import { describe, expect, it } from "vitest";
import type { ByteStream } from "./ports/byte-stream.ts";
import { splitStream } from "./split-stream.ts";

async function* bytes(...values: number[]): AsyncGenerator<Uint8Array> {
  for (const value of values) {
    await Promise.resolve();
    yield Uint8Array.of(value);
  }
}

async function collect(stream: ByteStream): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of stream) all.push(...chunk);
  return all;
}

describe("splitStream", () => {
  it("gives both consumers everything, in order", async () => {
    await expect(splitStream(bytes(1, 2, 3), collect, collect)).resolves.toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it("fails both when the source fails", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* bytes(1);
      throw new Error("lost the client");
    }
    await expect(splitStream(broken(), collect, collect)).rejects.toThrow("lost the client");
  });

  it("reports a consumer's failure and ends the other's stream", async () => {
    const failing = async (stream: ByteStream): Promise<void> => {
      for await (const _chunk of stream) throw new Error("disk full");
    };
    await expect(splitStream(bytes(1, 2, 3, 4), collect, failing)).rejects.toThrow("disk full");
  });
});
