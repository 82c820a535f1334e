import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { readFrames } from "./multiplexed.ts";

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(stream, 0);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

const whole = Buffer.concat([frame(1, "hello\n"), frame(2, "oops"), frame(1, ""), frame(1, "bye")]);

test.each([1, 3, 9, 1000])("takes frames apart that arrive in pieces of %d bytes", async (size) => {
  const pieces = [];
  for (let at = 0; at < whole.length; at += size) pieces.push(whole.subarray(at, at + size));
  const got: Record<number, string> = { 1: "", 2: "" };
  for await (const { stream, payload } of readFrames(Readable.from(pieces)))
    got[stream] += payload.toString();
  expect(got).toEqual({ 1: "hello\nbye", 2: "oops" });
});
