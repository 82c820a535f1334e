import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { LineReader } from "./line-reader.ts";

const { signal } = new AbortController();

test("goes on reading after an answer", async () => {
  const input = new PassThrough();
  const lines = new LineReader(input);
  input.write("one\n");
  expect(await lines.next(signal)).toBe("one");
  const second = lines.next(signal);
  input.end("two");
  expect(await second).toBe("two");
  expect(await lines.next(signal)).toBeUndefined();
});

test("reads everything up to an end that comes later", async () => {
  const input = new PassThrough();
  const all = new LineReader(input).all(signal);
  input.write("secret\n");
  setImmediate(() => input.end());
  expect(await all).toBe("secret");
});
